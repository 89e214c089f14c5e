"""A backup of containers taken while they run, in an empty project, serves the same lists by the same version."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.containers.conftest import Installation, copy_project, is_published, run, wait_for

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
    other = copy_project(tmp_path_factory.mktemp("31ie-restored"))
    try:
        print(other.make("restore", f"FROM={saved}"))
        other.compose("up", "--detach")
        wait_for(lambda: is_published(other), "the restored lists")
        yield other
    finally:
        other.compose("down", "--volumes", "--remove-orphans", check=False)


def fetch_pages(installation: Installation) -> list[tuple[Any, str, str]]:
    """Return some shoppers' homepages, each with its batch and version."""
    answers = [installation.home(user_id) for user_id in SHOPPERS]
    return [(each.json(), each.headers["x-batch-id"], each.headers["x-model-version"]) for each in answers]


def test_the_restored_project_serves_the_same_lists(installation: Installation, restored: Installation) -> None:
    assert fetch_pages(restored) == fetch_pages(installation)


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
