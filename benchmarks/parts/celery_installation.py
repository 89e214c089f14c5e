"""Airflow on Celery's workers for the time of a block, with the workflows of one folder: the launcher's own parts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER, ensure_password
from deploy.local.celery_parts import MYSQL, REDIS, list_workers
from deploy.local.part import Part
from deploy.local.services import all_parts
from deploy.local.start import start_parts
from deploy.local.supervision.supervise import Supervisor
from deploy.local.up import COMMON_ENVIRONMENT, ROOT
from deploy.progress import Board
from deploy.shop_choice import read_shop
from settings import Settings

NEEDED = (MYSQL, REDIS, "airflow-migrate", "airflow-api-server", "airflow-dag-processor", "airflow-scheduler")
READ_SECONDS, RUN_SECONDS = 120, 900


@dataclass(frozen=True)
class CeleryInstallation:
    """What runs: its settings, its supervisor, its Airflow."""

    settings: Settings
    supervisor: Supervisor
    airflow: AirflowClient

    def start_workers(self, count: int) -> None:
        """Start the first so many workers; those that run already are left alone."""
        start_parts(_with_one_place(list_workers(self.settings)[:count]), self.supervisor, Board())

    def run(self, dag_id: str) -> str:
        """Start a run of a workflow, once it is read, and return the run's id."""
        self.airflow.await_dags((dag_id,), READ_SECONDS)
        return self.airflow.trigger(dag_id)

    def await_end(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Wait until a run has ended.

        Returns:
            Its task instances.

        Raises:
            RuntimeError: it failed, or takes too long.
        """
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            [run] = [run for run in self.airflow.runs(dag_id) if run["dag_run_id"] == run_id]
            if run["state"] == "failed":
                raise RuntimeError(f"{dag_id} failed; the logs are in {self.supervisor.logs}")
            if run["state"] == "success":
                return self.airflow.tasks(dag_id, run_id)
            time.sleep(0.5)
        raise RuntimeError(f"{dag_id} was not done after {RUN_SECONDS} s")


@contextmanager
def celery_running(settings: Settings, dags: Path) -> Iterator[CeleryInstallation]:
    """Run everything but the workers.

    Args:
        settings: with as many workers as may be started.
        dags: folder of the workflows.
    """
    known = {part.name: part for part in all_parts(settings, shop=read_shop("demo"))}
    here = {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)}
    parts = [
        replace(part, environment={**part.environment, **(here if part.environment else {})})
        for part in (*(known[name] for name in NEEDED), *_with_one_place(list_workers(settings)))
    ]
    supervisor = Supervisor(settings.var_dir)
    password = ensure_password(settings)
    try:
        supervisor.boot(parts, ROOT, COMMON_ENVIRONMENT)
        start_parts(parts[: len(NEEDED)], supervisor, Board())
        airflow = AirflowClient(f"http://127.0.0.1:{settings.airflow_port}", USER, password)
        yield CeleryInstallation(settings, supervisor, airflow)
    finally:
        supervisor.shut_down()


def _with_one_place(workers: list[Part]) -> list[Part]:
    """Give each worker one place for tasks."""
    told = []
    for worker in workers:
        at = worker.command.index("--concurrency") + 1
        told.append(replace(worker, command=(*worker.command[:at], "1", *worker.command[at + 1 :])))
    return told
