"""Celery on one machine: two workers share the users, and what one of them leaves undone when killed, is done again."""

from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER, ensure_password
from deploy.local.services import services
from deploy.local.supervision.supervise import Supervisor
from shop.database import engine_scope, open_engine, session_scope
from shop.tables import BatchPointer, RecommendationBatch
from tests.end_to_end.conftest import Installation
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(900)


def shown_batch(installation: Installation) -> RecommendationBatch:
    """The batch that shoppers see."""
    with engine_scope(open_engine(installation.settings.platform_database_url)) as engine, Session(engine) as session:
        return session.get_one(RecommendationBatch, session.get_one(BatchPointer, "home").batch_id)


@pytest.fixture(scope="module")
def celery(installation: Installation) -> Iterator[Installation]:
    """The installation with two workers; with one process a task again after these tests."""
    up = installation.launch("up", EXECUTOR="celery", WORKERS="2")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        settings = installation.settings.model_copy(update={"executor": "celery", "workers": 2})
        yield Installation(settings, up.stdout)
    finally:
        back = installation.launch("up", EXECUTOR="local")
    assert back.returncode == 0, back.stdout + back.stderr


@pytest.fixture(scope="module")
def queued(celery: Installation) -> AirflowClient:
    """Airflow on workers, once it has scored for the champion that its new metadata does not know yet."""
    settings = celery.settings
    airflow = AirflowClient(f"http://127.0.0.1:{settings.airflow_port}", USER, ensure_password(settings))
    wait_for(lambda: airflow.runs("score_users", state="success"), 240)
    return airflow


@pytest.fixture(scope="module")
def one_process(celery: Installation, queued: AirflowClient) -> RecommendationBatch:
    """The lists that one process wrote, which the next scoring of the same rows writes anew."""
    batch, url = shown_batch(celery), celery.settings.platform_database_url
    with engine_scope(open_engine(url)) as engine, session_scope(engine) as session:
        session.execute(text("UPDATE recommendation_batches SET state = 'retired', checksum = NULL"))
        session.execute(text("DELETE FROM recommendations"))
    return batch


def test_status_shows_workers_and_their_servers(celery: Installation) -> None:
    lines = celery.launch("status").stdout.splitlines()

    healthy = {line.split()[0] for line in lines if " healthy" in line}
    assert healthy == {part.name for part in services(celery.settings)}
    assert {"mysql", "redis", "airflow-worker-1", "airflow-worker-2"} <= healthy


def test_a_worker_killed_at_a_share_costs_time_alone(
    celery: Installation, queued: AirflowClient, one_process: RecommendationBatch
) -> None:
    """The rebuild starts the scoring: both share the users between two tasks."""
    queued._send("PATCH", "/api/v2/dags/train_wide_deep", json={"is_paused": True}).raise_for_status()

    rebuilding = queued.trigger("rebuild_features", {"as_of": one_process.as_of.isoformat()})
    at_work = wait_for(lambda: share_at_work(queued, "score_users"), 240)
    psutil.Process(Supervisor(celery.settings.var_dir).state(f"airflow-{at_work['hostname']}")["pid"]).kill()
    wait_for(lambda: has_ended(queued, "score_users", at_work["dag_run_id"]), 300)

    [scored] = [run for run in queued.runs("score_users") if run["dag_run_id"] == at_work["dag_run_id"]]
    tasks = queued.tasks("rebuild_features", rebuilding) + queued.tasks("score_users", at_work["dag_run_id"])
    assert scored["state"] == "success"
    assert sorted(task["task_id"] for task in tasks) == [
        *("plan", "rebuild", "score", "write_share", "write_share", "write_share", "write_share")
    ]
    assert {task["state"] for task in tasks} == {"success"}
    assert {task["hostname"] for task in tasks} == {"worker-1", "worker-2"}
    assert max(task["try_number"] for task in tasks) == 2
    written = shown_batch(celery)
    assert (written.batch_id, written.checksum) == (one_process.batch_id, one_process.checksum)


def test_lists_are_served_and_nothing_else_ran(celery: Installation, queued: AirflowClient) -> None:
    url = f"http://127.0.0.1:{celery.settings.api_port}/recommendations/home"

    page = httpx.get(url, params={"user_id": 1}, timeout=10).json()

    assert len(page["recommendations"]) == 20
    assert queued.runs("train_wide_deep", state="success") == []


def share_at_work(airflow: AirflowClient, dag_id: str) -> dict[str, Any] | None:
    """Find a share that a worker writes at this moment."""
    for run in airflow.runs(dag_id, state="running"):
        for task in airflow.tasks(dag_id, run["dag_run_id"]):
            if task["task_id"] == "write_share" and task["state"] == "running" and task["hostname"]:
                return task
    return None


def has_ended(airflow: AirflowClient, dag_id: str, run_id: str) -> bool:
    return any(run["dag_run_id"] == run_id and run["state"] in ("success", "failed") for run in airflow.runs(dag_id))
