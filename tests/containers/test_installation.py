"""An installation in containers as shopper, reviewer and operator meet it; the tests build on one another."""

import re
import time

import httpx
import pytest

from tests.containers.conftest import Installation, is_published, run_docker, wait_for
from tests.containers.home import see_home
from tests.support.chromium import open_browser

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

STAY = [
    "mysql",
    "mlflow",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "bentoml",
    "api",
    "storefront",
]
DOWN_SECONDS = 20.0
SETTLE_SECONDS = 600.0
"""Whoever needs what was killed before may have begun anew, too."""
NUM_PRODUCTS = 20


def test_two_shoppers_see_two_pages_of_their_own_in_a_browser(installation: Installation) -> None:
    address = installation.url("STOREFRONT_PORT")
    users = httpx.get(f"{address}/users", timeout=20).raise_for_status().json()["users"]
    shoppers = [user["user_id"] for user in sorted(users, key=lambda user: -user["num_orders"])[:2]]
    with open_browser() as browser:
        homes = [see_home(browser, address, shopper) for shopper in shoppers]

    assert all(home.title.startswith("Recommended for ") for home in homes)
    assert homes[0].title != homes[1].title
    assert homes[0].rows["new_for_you"] != homes[1].rows["new_for_you"]


def test_a_second_up_during_the_first_pass_started_no_other(installation: Installation) -> None:
    by_hand = [run for run in installation.airflow().runs("sync_shop") if run["dag_run_id"].startswith("by_hand")]

    assert len(by_hand) == 1


def test_every_part_lets_its_people_in(installation: Installation) -> None:
    experiments = "/api/2.0/mlflow/experiments/search?max_results=1"
    login = ("admin", installation.secret("mlflow_admin_password"))

    assert installation.airflow().runs("score_users", state="success")
    assert httpx.get(installation.url("MLFLOW_PORT") + experiments, auth=login, timeout=20).status_code == 200
    assert httpx.get(installation.url("MLFLOW_PORT") + experiments, timeout=20).status_code == 401
    answer = httpx.post(installation.url("SERVING_PORT") + "/recommend", json={"user_ids": [1], "k": 5}, timeout=20)
    assert len(answer.raise_for_status().json()["recommendations"][0]["products"]) == 5


def test_status_tells_what_runs_and_how_fresh_it_is(installation: Installation) -> None:
    said = installation.make("status")

    assert all(service in said for service in STAY)
    assert "verified equal" in said
    assert re.search(r"champion +version 1", said)
    assert re.search(r"homepage shows lists of +version 1", said)


def test_a_version_is_promoted_from_outside(installation: Installation) -> None:
    assert "1" in installation.make("promote", "VERSION=1")


@pytest.mark.parametrize("service", STAY)
def test_a_killed_service_is_healthy_again(installation: Installation, service: str) -> None:
    wait_for(lambda: all(installation.is_healthy(each) for each in STAY), "all healthy before", SETTLE_SECONDS)
    killed = installation.kill(service)

    def is_back() -> bool:
        return installation.find_process(service) not in (0, killed) and installation.is_healthy(service)

    took = wait_for(is_back, f"{service} healthy")

    print(f"{service}: healthy {took:.0f} s after kill -9")
    wait_for(lambda: is_published(installation), "the homepage")


def test_shoppers_get_answers_while_mysql_is_stopped(installation: Installation) -> None:
    installation.compose("stop", "mysql")
    try:
        answers = [installation.home(user_id) for user_id in range(1, 61)]
    finally:
        installation.compose("start", "mysql")

    assert {answer.status_code for answer in answers} == {200}
    assert all(len(answer.json()["recommendations"]) == NUM_PRODUCTS for answer in answers)
    wait_for(lambda: is_published(installation), "the homepage on MySQL")


def test_replaced_passwords_take_effect_everywhere_at_the_next_up(installation: Installation) -> None:
    databases = "shop_database_url platform_database_url mlflow_backend_uri airflow_database_url"
    old = installation.secret("shop_database_url")
    installation.make("secrets", f"RENEW={databases} mlflow_admin_password airflow_admin_password")

    installation.compose("up", "--detach")

    wait_for(lambda: is_published(installation), "the homepage")
    run_id = installation.airflow().trigger("sync_shop")
    ended = {"success", "failed"}

    def state() -> str:
        runs = installation.airflow().runs("sync_shop")
        return str(next(run["state"] for run in runs if run["dag_run_id"] == run_id))

    wait_for(lambda: state() in ended, "a sync with the new passwords", 300)
    assert state() == "success"
    assert old != installation.secret("shop_database_url")
    test_every_part_lets_its_people_in(installation)


def test_a_secret_that_was_replaced_by_hand_is_noticed_before_it_takes_half_effect(installation: Installation) -> None:
    path = installation.folder / "secrets" / "shop_database_url"
    kept = path.read_text()
    path.write_text(kept.replace("://shop_reader:", "://shop_reader:x"))
    try:
        installation.compose("up", "--detach", check=False)
        said = installation.compose("logs", "databases")
    finally:
        path.write_text(kept)

    assert "run `make secrets`" in said
    installation.compose("up", "--detach")
    wait_for(lambda: is_published(installation), "the homepage")


def test_down_ends_a_step_at_work_in_time_and_up_takes_it_up_again(installation: Installation) -> None:
    airflow = installation.airflow()
    run_id = airflow.trigger("train_wide_deep", {"as_of": "2026-11-01T00:00:00+00:00"})
    wait_for(lambda: airflow.tasks("train_wide_deep", run_id)[0]["state"] == "running", "a training at work", 300)
    before = installation.home().headers["x-batch-id"]
    time.sleep(5)

    started = time.monotonic()
    installation.compose("down")
    took = time.monotonic() - started

    assert took <= DOWN_SECONDS
    installation.compose("up", "--detach")
    wait_for(lambda: is_published(installation), "the homepage")
    assert installation.home().headers["x-batch-id"] == before
    task = installation.airflow().tasks("train_wide_deep", run_id)[0]
    assert task["state"] in {"up_for_retry", "queued", "running", "success", "scheduled"}, task


def test_no_service_is_root_and_none_was_killed_for_want_of_memory(installation: Installation) -> None:
    for service in STAY:
        container = installation.compose("ps", "--quiet", service).strip()
        state = run_docker("inspect", "--format", "{{.State.OOMKilled}} {{.HostConfig.ReadonlyRootfs}}", container)
        assert state == "false true", service
