"""docker-compose.scale.yml from an empty project to a browser: two of Celery's workers, the store in SeaweedFS."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.containers.conftest import PASS_SECONDS, SHOP, Installation, is_published, open_project, run_docker, wait_for
from tests.containers.home import see_home
from tests.support.chromium import open_browser

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

WORKERS = 2
FILES = "docker-compose.yml:docker-compose.scale.yml"
PASS = ("sync_shop", "rebuild_features", "train_wide_deep", "score_users")
STEPS = {"sync", "plan", "write_share", "rebuild", "train", "score"}
ENDED = {"success", "failed", "skipped"}
NUM_PRODUCTS = 20


@pytest.fixture(scope="module")
def scaled(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything up with two workers, and the first pass ended."""
    folder = tmp_path_factory.mktemp("31ie-scaled")
    with open_project(folder, COMPOSE_FILE=FILES, DEMO_SHOPPERS="true", SHOP=SHOP) as project:
        project.make("secrets")
        started = time.monotonic()
        project.compose("up", "--detach", "--build", f"--scale=airflow-worker={WORKERS}")
        up = time.monotonic()
        wait_for(lambda: is_published(project), "the first lists", PASS_SECONDS)
        print(f"up after {up - started:.0f} s, the first lists {time.monotonic() - up:.0f} s later")
        print(run_docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"))
        yield project


def find_workers(scaled: Installation) -> set[str]:
    """The names that Airflow knows the workers by."""
    containers = scaled.compose("ps", "--quiet", "airflow-worker").split()
    return {run_docker("inspect", "--format", "{{.Config.Hostname}}", container) for container in containers}


def list_tasks(scaled: Installation) -> list[dict[str, Any]]:
    """All tasks of the pass's workflows."""
    airflow = scaled.airflow()
    return [
        task for dag_id in PASS for run in airflow.runs(dag_id) for task in airflow.tasks(dag_id, run["dag_run_id"])
    ]


def test_the_pass_ran_on_workers_alone_and_its_shares_on_both(scaled: Installation) -> None:
    workers, tasks = find_workers(scaled), list_tasks(scaled)

    shares = {(task["dag_id"], task["hostname"]) for task in tasks if task["map_index"] >= 0}
    assert len(workers) == WORKERS
    assert {task["hostname"] for task in tasks if task["hostname"]} == workers
    assert {dag_id for dag_id, _ in shares} == {"rebuild_features", "score_users"}
    assert {worker for _, worker in shares} == workers


def test_no_run_of_the_pass_failed(scaled: Installation) -> None:
    """A share that fails is done by the step after it."""
    wait_for(lambda: all(task["state"] in ENDED for task in list_tasks(scaled)), "the end of the pass", PASS_SECONDS)

    tasks = list_tasks(scaled)
    print(
        *(f"{task['task_id']} {task['map_index']} {task['state']} try {task['try_number']}" for task in tasks), sep="\n"
    )
    assert {task["task_id"] for task in tasks if task["state"] == "success"} >= STEPS
    assert [scaled.airflow().runs(dag_id, state="failed") for dag_id in PASS] == [[]] * len(PASS)


def test_the_store_lies_in_the_object_store_and_equals_the_shop(scaled: Installation) -> None:
    ask = "echo fs.ls /buckets/shop/store | weed shell"
    tables = scaled.compose("exec", "--no-TTY", "object-store", "sh", "-c", ask).split()
    volume = scaled.compose("exec", "--no-TTY", "airflow-scheduler", "ls", "-A", "/data/store").split()

    assert {"orders", "order_items", "users", "products"} <= set(tables)
    assert volume == []
    assert "equal" in scaled.make("step", "DO=features.sync --verify")


def test_a_browser_sees_products_of_the_shoppers_own_list(scaled: Installation) -> None:
    address = scaled.url("STOREFRONT_PORT")
    shopper = httpx.get(f"{address}/users", timeout=20).raise_for_status().json()["users"][0]["user_id"]
    home = scaled.home(shopper)
    with open_browser() as browser:
        seen = see_home(browser, address, shopper)

    own = {product["product_id"] for product in home.json()["recommendations"]}
    assert (home.headers["x-rung"], len(own)) == ("published", NUM_PRODUCTS)
    assert seen.title.startswith("Recommended for ")
    assert own & set(seen.rows["new_for_you"])


def test_the_model_server_reads_the_object_store(scaled: Installation) -> None:
    answer = httpx.post(scaled.url("SERVING_PORT") + "/recommend", json={"user_ids": [1], "k": 5}, timeout=20)

    assert len(answer.raise_for_status().json()["recommendations"][0]["products"]) == 5
