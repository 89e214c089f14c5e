"""Who runs Airflow's tasks, and among how many tasks users are shared."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from settings.object_store import EMBEDDED


class ExecutorSettings(BaseSettings):
    """Airflow's executor on one machine, and the tasks that it shares out."""

    executor: Literal["local", "celery"] = Field(
        "local",
        description="Who runs Airflow's tasks: local = a process a task, celery = workers that take them from a queue "
        "(Redis; Airflow's history is then in MySQL).",
        json_schema_extra=EMBEDDED,
    )
    workers: int = Field(2, ge=1, le=64, description="Celery's workers on this machine.", json_schema_extra=EMBEDDED)
    scoring_tasks: int = Field(
        0,
        ge=0,
        le=256,
        description="Tasks that score_users shares the user buckets among, with a worker for each; 1 = no shares; 0 = "
        "as many as WORKERS with EXECUTOR=celery, else no shares.",
    )
    feature_tasks: int = Field(
        0,
        ge=0,
        le=256,
        description="Tasks that rebuild_features shares the user buckets among, likewise.",
    )

    @property
    def num_workers(self) -> int:
        """How many workers take tasks: Celery's, or this machine as one."""
        return self.workers if self.executor == "celery" else 1
