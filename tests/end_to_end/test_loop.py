"""The whole loop, every part real: from the shop's database to a shopper's homepage, driven by Airflow."""

import re
import shlex
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psutil
import pytest

from deploy.airflow_client import AirflowClient
from deploy.first_run import CHAIN
from deploy.local.services import services
from deploy.local.supervision.processes import is_alive
from deploy.local.supervision.supervise import Supervisor
from settings import Settings
from tests.end_to_end.conftest import Installation, holders
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(1200)


def homepage(installation: Installation, user_id: int, **query: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1:{installation.settings.api_port}/recommendations/home"
    answer = httpx.get(url, params={"user_id": user_id, **query}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(page: dict[str, Any]) -> list[int]:
    return [product["product_id"] for product in page["recommendations"]]


@pytest.mark.parametrize("dag_id", CHAIN)
def test_every_workflow_ran_green(airflow: AirflowClient, dag_id: str) -> None:
    states = {run["state"] for run in airflow.runs(dag_id)}

    assert states == {"success"}


def test_workflows_were_linked_by_assets(airflow: AirflowClient) -> None:
    kinds = {dag_id: {run["run_type"] for run in airflow.runs(dag_id)} for dag_id in CHAIN}

    assert kinds.pop("sync_shop") <= {"manual", "scheduled"}  # in the first hours of a day, that of the night is run
    assert set().union(*kinds.values()) == {"asset_triggered"}


def test_run_of_the_sync_shows_its_verdict_as_a_note(airflow: AirflowClient) -> None:
    notes = [run["note"] for run in airflow.runs("sync_shop")]

    assert notes
    assert all(note.startswith("equal: ") and note.endswith(" 0 repaired") for note in notes), notes


def test_one_instant_travelled_the_chain(installation: Installation) -> None:
    url = f"http://127.0.0.1:{installation.settings.serving_port}/recommend"

    answer = httpx.post(url, json={"user_ids": [1], "k": 3}, timeout=10).json()

    assert answer["as_of"][:19].endswith("T00:00:00")
    assert len(answer["recommendations"][0]["products"]) == 3


def test_homepage_has_the_body_of_the_seed(installation: Installation) -> None:
    page = homepage(installation, 1)

    assert set(page) == {"user_nickname", "recommendations"}
    assert page["user_nickname"]
    assert len(page["recommendations"]) == 20
    for product in page["recommendations"]:
        assert set(product) == {"product_id", "category_id", "title", "price", "image_url"}


def test_two_users_get_different_lists(installation: Installation) -> None:
    assert listed(homepage(installation, 1)) != listed(homepage(installation, 2))


def test_every_image_answers(installation: Installation) -> None:
    base = f"http://127.0.0.1:{installation.settings.api_port}"

    for product in homepage(installation, 3)["recommendations"]:
        answer = httpx.get(base + product["image_url"], timeout=10)
        assert answer.status_code == 200, product
        assert answer.headers["content-type"].startswith("image/")


def test_model_server_and_homepage_serve_the_same_version(installation: Installation) -> None:
    settings = installation.settings
    query = {"name": settings.model_name, "alias": "champion"}
    registry = f"http://127.0.0.1:{settings.mlflow_port}/api/2.0/mlflow/registered-models/alias"
    champion = httpx.get(registry, params=query, timeout=10).json()["model_version"]["version"]

    recommend = f"http://127.0.0.1:{settings.serving_port}/recommend"
    served = httpx.post(recommend, json={"user_ids": [1], "k": 20}, timeout=10).json()

    ranked = [product["product_id"] for product in served["recommendations"][0]["products"]]
    assert str(served["model_version"]) == champion
    assert set(listed(homepage(installation, 1))) & set(ranked)


def test_line_to_try_works_as_printed(installation: Installation) -> None:
    [line] = re.findall(r"Try: (curl .*)", installation.up_output)

    answer = subprocess.run([*shlex.split(line), "--silent", "--fail"], capture_output=True, text=True, check=True)

    assert "recommendations" in answer.stdout


def test_status_shows_every_service_healthy_and_the_data_fresh(installation: Installation) -> None:
    status = installation.launch("status").stdout

    assert status.count(" healthy") == len(services(installation.settings))
    assert re.search(r"published lists +version 1, 300 users, .* ago", status)


def test_up_again_trains_nothing(installation: Installation, airflow: AirflowClient) -> None:
    before = {dag_id: len(airflow.runs(dag_id)) for dag_id in CHAIN}

    again = installation.launch("up")

    assert again.returncode == 0, again.stderr
    assert {dag_id: len(airflow.runs(dag_id)) for dag_id in CHAIN} == before


def test_the_last_of_many_events_belongs_to_a_run(airflow: AirflowClient) -> None:
    """Airflow drops all but the first of the events that arrive while the most runs are active that may be."""
    [asset] = [one["id"] for one in airflow._get("/api/v2/assets", limit=100)["assets"] if one["name"] == "champion"]

    def announce(extra: dict[str, Any]) -> int:
        answer = airflow._send("POST", "/api/v2/assets/events", json={"asset_id": asset, "extra": extra})
        return answer.raise_for_status().json()["id"]

    for _ in range(8):
        last = announce({"version": 1})
        time.sleep(0.5)
    announce({})  # by hand, and it names no version

    def belongs_to_a_run() -> bool:
        events = airflow._get("/api/v2/assets/events", asset_id=asset, limit=20, order_by="-timestamp")["asset_events"]
        return all(event["created_dagruns"] for event in events if event["id"] >= last)

    wait_for(belongs_to_a_run, 240)


def test_dead_service_comes_back_by_itself(installation: Installation) -> None:
    [killed] = holders({installation.settings.api_port})

    psutil.Process(killed).kill()

    deadline = time.monotonic() + 60
    while not holders({installation.settings.api_port}) - {killed}:
        assert time.monotonic() < deadline, "the API did not come back"
        time.sleep(0.2)
    assert homepage(installation, 1)


@pytest.mark.parametrize("name", [part.name for part in services(Settings())])
def test_nothing_outlives_a_killed_part_and_it_serves_again(installation: Installation, name: str) -> None:
    part = psutil.Process(Supervisor(installation.settings.var_dir).state(name)["pid"])
    family = [part, *part.children(recursive=True)]

    part.kill()

    wait_for(lambda: not any(is_alive(process) for process in family), 30)
    wait_for(lambda: all_healthy_without(installation, part.pid), 120)


@pytest.mark.parametrize("name", ["mlflow", "bentoml"])
def test_killed_workers_leave_nothing_and_are_replaced(installation: Installation, name: str) -> None:
    part = psutil.Process(Supervisor(installation.settings.var_dir).state(name)["pid"])
    workers = part.children(recursive=True)
    assert workers

    for worker in workers:
        worker.kill()

    wait_for(lambda: not any(is_alive(process) for process in workers), 30)
    wait_for(lambda: all_healthy(installation), 120)
    assert homepage(installation, 1)


def test_a_killed_scheduler_leaves_no_attempt_that_the_next_would_run_beside(
    installation: Installation, airflow: AirflowClient
) -> None:
    """Nor does a killed worker: its task has failed, and the next one begins."""
    scheduler = psutil.Process(Supervisor(installation.settings.var_dir).state("airflow-scheduler")["pid"])
    run_id, attempt = begin_training(airflow, scheduler)

    for worker in scheduler.children():
        worker.kill()

    wait_for(lambda: not any(is_alive(process) for process in attempt), 30)
    end_run(airflow, run_id)
    run_id, attempt = begin_training(airflow, scheduler)

    scheduler.kill()

    wait_for(lambda: not any(is_alive(process) for process in attempt), 30)
    end_run(airflow, run_id)
    wait_for(lambda: all_healthy(installation), 120)


def begin_training(airflow: AirflowClient, scheduler: psutil.Process) -> tuple[str, list[psutil.Process]]:
    """Start a training by hand; returns its run and its processes once they are there."""
    as_of = (datetime.now(UTC) - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    run_id = airflow.trigger("train_wide_deep", {"as_of": as_of.isoformat()})
    wait_for(lambda: list_trainings(scheduler) != [], 240)
    return run_id, list_trainings(scheduler)


def end_run(airflow: AirflowClient, run_id: str) -> None:
    """Mark a training as failed, so that it is not tried again."""
    failed = {"json": {"state": "failed"}}
    airflow._send("PATCH", f"/api/v2/dags/train_wide_deep/dagRuns/{run_id}", **failed).raise_for_status()


def list_trainings(scheduler: psutil.Process) -> list[psutil.Process]:
    """List what runs a training below the scheduler, the guard of the step included."""
    found = []
    for process in scheduler.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "training.run" in process.cmdline():
                found.append(process)
    return found


def test_nothing_outlives_a_killed_supervisord_and_all_serves_again(installation: Installation) -> None:
    part = psutil.Process(Supervisor(installation.settings.var_dir).state("bentoml")["pid"])
    daemon = psutil.Process(part.ppid())
    family = [daemon, *daemon.children(recursive=True)]

    daemon.kill()

    wait_for(lambda: not any(is_alive(process) for process in family), 30)
    wait_for(lambda: all_healthy(installation), 180)
    assert homepage(installation, 1)


@pytest.mark.parametrize("name", ["mlflow", "bentoml"])
def test_health_says_within_10_s_that_a_part_hangs_and_within_120_s_that_it_is_back(
    installation: Installation, name: str
) -> None:
    part = psutil.Process(Supervisor(installation.settings.var_dir).state(name)["pid"])
    family = [part, *part.children(recursive=True)]
    wait_for(lambda: problems_of(installation) == [], 120)

    for process in family:
        process.suspend()
    try:
        wait_for(lambda: problems_of(installation) == ["model_server"], 10)
    finally:
        for process in family:
            process.resume()

    wait_for(lambda: problems_of(installation) == [], 120)


def problems_of(installation: Installation) -> list[str]:
    health = httpx.get(f"{installation.settings.api_url}/health", timeout=10).json()
    return [problem["part"] for problem in health["problems"]]


def all_healthy_without(installation: Installation, killed_pid: int) -> bool:
    """Return whether all is healthy; at no time may a process that is dead be called so."""
    lines = installation.launch("status").stdout.splitlines()
    healthy = [line.split() for line in lines if " healthy" in line]
    assert not any(str(killed_pid) in words for words in healthy), lines
    return len(healthy) == len(services(installation.settings))


def all_healthy(installation: Installation) -> bool:
    return installation.launch("status").stdout.count(" healthy") == len(services(installation.settings))
