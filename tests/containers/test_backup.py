"""A backup of containers taken while they run, in an empty project, serves the same lists by the same version."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shop.database import engine_scope, open_engine
from tests.containers.conftest import Installation, is_published, open_project, run, wait_for

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

SHOPPERS = range(1, 41)


@pytest.fixture(scope="module")
def saved(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the installation."""
    folder = tmp_path_factory.mktemp("backup") / "saved"
    print(installation.make("backup", f"TO={folder}"))
    return folder


@pytest.fixture(scope="module")
def restored(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The backup in a project of its own, up beside the other one."""
    with open_project(tmp_path_factory.mktemp("31ie-restored")) as other:
        print(other.make("restore", f"FROM={saved}"))
        other.compose("up", "--detach")
        wait_for(lambda: is_published(other), "the restored lists")
        yield other


def fetch_rows(of: Installation, secret: str, statement: str) -> list[tuple[Any, ...]]:
    """Ask a database of an installation, as the account of a secret."""
    with engine_scope(open_engine(of.database_url(secret))) as engine, engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def fetch_page(installation: Installation, user_id: int) -> tuple[Any, str, str]:
    """Return a shopper's homepage from the published lists, its batch and its version.

    A busy machine may answer from the API's own copy for a moment.
    """
    answers: list[httpx.Response] = []

    def is_of_the_lists() -> bool:
        answers.append(installation.home(user_id))
        return answers[-1].headers["x-rung"] == "published"

    wait_for(is_of_the_lists, f"the lists of user {user_id}")
    return answers[-1].json(), answers[-1].headers["x-batch-id"], answers[-1].headers["x-model-version"]


def fetch_pages(installation: Installation) -> list[tuple[Any, str, str]]:
    """Return some shoppers' homepages."""
    return [fetch_page(installation, user_id) for user_id in SHOPPERS]


def test_the_restored_project_serves_the_same_lists(installation: Installation, restored: Installation) -> None:
    assert fetch_pages(restored) == fetch_pages(installation)


def test_the_restored_batches_have_the_same_checksums(installation: Installation, restored: Installation) -> None:
    """Those that the scoring wrote, of each batch and bucket, and the server's own of the rows themselves."""
    ask = {
        "batches": "SELECT batch_id, state, model_version, num_rows, checksum FROM recommendation_batches ORDER BY 1",
        "buckets": "SELECT batch_id, bucket, num_rows, checksum FROM batch_buckets ORDER BY 1, 2",
        "lists": "CHECKSUM TABLE recommendations, popular_lists, product_neighbours, batch_pointer, audit_log",
    }

    theirs, ours = (
        {what: fetch_rows(of, "platform_database_url", statement) for what, statement in ask.items()}
        for of in (installation, restored)
    )

    assert ours == theirs
    assert all(ours.values())
    assert all(checksum for _, checksum in ours["lists"])


def test_the_restored_shop_has_the_same_rows(installation: Installation, restored: Installation) -> None:
    ask = "CHECKSUM TABLE users, products, categories, orders, order_items, coupons, user_coupons, product_reviews"

    theirs, ours = (fetch_rows(of, "shop_database_url", ask) for of in (installation, restored))

    assert ours == theirs
    assert {"shop.orders", "shop.order_items"} <= {name for name, checksum in ours if checksum}


def test_the_restored_registry_has_the_same_champion(installation: Installation, restored: Installation) -> None:
    def find_champion(of: Installation) -> Any:
        place = f"{of.url('MLFLOW_PORT')}/api/2.0/mlflow/registered-models/alias"
        login = ("admin", of.secret("mlflow_admin_password"))
        answer = httpx.get(place, params={"name": "wide_deep", "alias": "champion"}, auth=login, timeout=20)
        return answer.raise_for_status().json()["model_version"]

    assert find_champion(restored) == find_champion(installation)


def test_the_model_server_loads_the_restored_version(restored: Installation) -> None:
    def recommend() -> Any:
        answer = httpx.post(restored.url("SERVING_PORT") + "/recommend", json={"user_ids": [1], "k": 5}, timeout=20)
        return answer.status_code == 200 and len(answer.json()["recommendations"][0]["products"]) == 5

    wait_for(recommend, "the model server")


def test_the_restored_airflow_begins_no_other_first_pass(installation: Installation, restored: Installation) -> None:
    theirs, ours = ({run["dag_run_id"] for run in of.airflow().runs("sync_shop")} for of in (installation, restored))

    assert {name for name in ours if name.startswith("by_hand")} == {
        name for name in theirs if name.startswith("by_hand")
    }


def test_the_restored_store_equals_the_restored_shop(restored: Installation) -> None:
    assert "equal" in restored.make("step", "DO=features.sync --verify")


def test_a_project_that_is_not_empty_is_left_alone(saved: Path, restored: Installation) -> None:
    before = fetch_pages(restored)

    refused = run(["make", "restore", f"FROM={saved}"], restored.folder)

    assert refused.returncode != 0
    assert "has volumes already" in refused.stderr
    assert fetch_pages(restored) == before
