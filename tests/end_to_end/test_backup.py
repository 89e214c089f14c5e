"""A backup taken while everything runs, restored into an empty place, serves the same lists by the same version."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER, ensure_password
from deploy.first_run import CHAIN
from settings import Settings
from tests.end_to_end.conftest import Installation, launch, own_environment
from tests.support.ports import free_settings

SHOPPERS = range(1, 41)


@pytest.fixture(scope="module")
def restored(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The installation's backup, in a place of its own, up."""
    folder = tmp_path_factory.mktemp("backup")
    settings = free_settings(folder / "var")
    saved = installation.launch("backup", "--folder", str(folder / "saved"))
    assert saved.returncode == 0, saved.stdout + saved.stderr
    put_back = launch(settings, "restore", "--folder", str(folder / "saved"))
    assert put_back.returncode == 0, put_back.stdout + put_back.stderr
    try:
        up = launch(settings, "up")
        assert up.returncode == 0, up.stdout + up.stderr
        yield settings
    finally:
        launch(settings, "down")


def fetch_pages(settings: Settings) -> list[tuple[Any, str, str]]:
    """Return some shoppers' homepages, each with its batch and version."""
    with httpx.Client(base_url=f"http://127.0.0.1:{settings.api_port}", timeout=10) as api:
        answers = [api.get("/recommendations/home", params={"user_id": user_id}) for user_id in SHOPPERS]
    return [(each.json(), each.headers["x-batch-id"], each.headers["x-model-version"]) for each in answers]


def test_the_restored_installation_serves_the_same_lists(installation: Installation, restored: Settings) -> None:
    assert fetch_pages(restored) == fetch_pages(installation.settings)


def test_the_restored_registry_has_the_same_champion(installation: Installation, restored: Settings) -> None:
    def find_champion(settings: Settings) -> Any:
        place = f"http://127.0.0.1:{settings.mlflow_port}/api/2.0/mlflow/registered-models/alias"
        answer = httpx.get(place, params={"name": settings.model_name, "alias": "champion"}, timeout=10)
        return answer.json()["model_version"]

    assert find_champion(restored) == find_champion(installation.settings)


def test_the_restored_installation_runs_nothing_again(airflow: AirflowClient, restored: Settings) -> None:
    theirs = AirflowClient(f"http://127.0.0.1:{restored.airflow_port}", USER, ensure_password(restored))

    assert {dag_id: len(theirs.runs(dag_id)) for dag_id in CHAIN} == {
        dag_id: len(airflow.runs(dag_id)) for dag_id in CHAIN
    }


def test_the_restored_store_equals_the_restored_shop(restored: Settings) -> None:
    verified = subprocess.run(
        [sys.executable, "-m", "features.sync", "--verify"],
        cwd=Path(__file__).parents[2],
        env=own_environment(restored),
        capture_output=True,
        text=True,
        check=False,
    )

    assert verified.returncode == 0, verified.stderr
