"""Airflow on Celery's workers for the time of a block, with the workflows of one folder: the launcher's own parts."""

import time
from collections.abc import Iterator, Mapping, Sequence
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
READ_SECONDS, RUN_SECONDS, POLL_SECONDS = 120, 900, 0.5


@dataclass(frozen=True)
class CeleryInstallation:
    """What runs: its workers' parts, its supervisor, its Airflow."""

    workers: Sequence[Part]
    supervisor: Supervisor
    airflow: AirflowClient

    def start_workers(self, count: int) -> None:
        """Start the first so many workers; those that run already are left alone."""
        start_parts(list(self.workers[:count]), self.supervisor, Board())

    def find_pid(self, worker: Part) -> int:
        """Return the process that a worker is now, the leader of its process group."""
        return int(self.supervisor.state(worker.name)["pid"])

    def run(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run of a workflow, once it is read, and return the run's id."""
        self.airflow.await_dags((dag_id,), READ_SECONDS)
        return self.airflow.trigger(dag_id, dict(conf or {}))

    def await_task(self, dag_id: str, run_id: str, task_id: str, host: str) -> None:
        """Wait until a worker is at a task.

        Raises:
            RuntimeError: it takes too long.
        """
        for _ in _polls(f"{host} was not at {task_id}"):
            for task in self.airflow.tasks(dag_id, run_id):
                if (task["task_id"], task["state"], task["hostname"]) == (task_id, "running", host):
                    return

    def await_end(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Wait until a run has ended.

        Returns:
            Its task instances.

        Raises:
            RuntimeError: it failed, or takes too long.
        """
        for _ in _polls(f"{dag_id} was not done"):
            [run] = [run for run in self.airflow.runs(dag_id) if run["dag_run_id"] == run_id]
            if run["state"] == "failed":
                raise RuntimeError(f"{dag_id} failed; the logs are in {self.supervisor.logs}")
            if run["state"] == "success":
                break
        return self.airflow.tasks(dag_id, run_id)


@contextmanager
def celery_running(settings: Settings, dags: Path, workers: Sequence[Part]) -> Iterator[CeleryInstallation]:
    """Run everything but the workers.

    Args:
        settings: of Airflow.
        dags: folder of the workflows.
        workers: those that may be started.
    """
    known = {part.name: part for part in all_parts(settings, shop=read_shop("demo"))}
    here = {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)}
    parts = [
        replace(part, environment={**part.environment, **(here if part.environment else {})})
        for part in (*(known[name] for name in NEEDED), *workers)
    ]
    supervisor = Supervisor(settings.var_dir)
    password = ensure_password(settings)
    try:
        supervisor.boot(parts, ROOT, COMMON_ENVIRONMENT)
        start_parts(parts[: len(NEEDED)], supervisor, Board())
        airflow = AirflowClient(f"http://127.0.0.1:{settings.airflow_port}", USER, password)
        yield CeleryInstallation(parts[len(NEEDED) :], supervisor, airflow)
    finally:
        supervisor.shut_down()


def list_workers_of_one_place(settings: Settings) -> list[Part]:
    """List Celery's workers with one place for tasks each."""
    told = []
    for worker in list_workers(settings):
        at = worker.command.index("--concurrency") + 1
        told.append(replace(worker, command=(*worker.command[:at], "1", *worker.command[at + 1 :])))
    return told


def _polls(complaint: str) -> Iterator[None]:
    """Beat until what is waited for is there, and raise when its time is over."""
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"{complaint} after {RUN_SECONDS} s")
