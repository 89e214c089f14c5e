"""An installation of the release before, opened by this code: tests/kept_installation says how it was made."""

import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.application import create_app
from deploy.airflow_settings import airflow_environment
from deploy.local.restore import restore
from deploy.progress import Board
from features.rebucket import rebucket
from features.rebuild import main as rebuild
from features.snapshot.tables import Snapshot, list_snapshots
from features.store import MLStore
from features.sync.shop_sync import main as sync
from serving.score import main as score
from settings import Settings, load_settings
from shop.database import engine_scope, open_engine
from shop.migrate import SCHEMAS, list_differences
from shop.migrate import main as migrate
from shop.simulate import main as simulate
from tests.api.conftest import PATIENT, serve
from tests.support.mlflow_servers import mlflow_running
from tests.support.ports import PORTS, free_settings

ROOT = Path(__file__).parents[3]
KEPT = sorted((ROOT / "tests/kept_installation").glob("*.tar.xz"))
NUM_USERS, NUM_ORDERS = 150, 3040
SHOPPERS = range(1, 11)


@pytest.fixture(scope="module", params=KEPT, ids=lambda path: path.name)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup that was kept of a release."""
    folder = tmp_path_factory.mktemp("kept")
    with tarfile.open(request.param) as archive:
        archive.extractall(folder, filter="data")
    return folder / "saved"


@pytest.fixture(scope="module")
def settings(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The installation, restored into a place of its own, its schemas migrated."""
    own = free_settings(tmp_path_factory.mktemp("upgraded") / "var")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("var_dir", *PORTS):
            patch.setenv(name.upper(), str(getattr(own, name)))
        patch.setenv("SERVING_URL", "http://127.0.0.1:9")
        load_settings.cache_clear()
        restore(own.var_dir, saved, Board())
        assert migrate([]) == 0
        yield load_settings()
    load_settings.cache_clear()


def read(database: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_the_schemas_are_the_newest_and_the_lists_as_they_were(saved: Path, settings: Settings) -> None:
    urls = {"shop": settings.shop_database_url, "platform": settings.platform_database_url}
    for name, schema in SCHEMAS.items():
        with engine_scope(open_engine(urls[name])) as engine:
            assert list_differences(engine, schema) == []
    lists = "SELECT batch_id, user_id, products FROM recommendations ORDER BY batch_id, user_id"
    before = read(saved / "platform.db", lists)
    assert len(before) == NUM_USERS
    assert read(settings.var_dir / "platform.db", lists) == before


def test_pages_show_the_lists_of_before(saved: Path, settings: Settings) -> None:
    [(batch,)] = read(saved / "platform.db", "SELECT batch_id FROM batch_pointer WHERE name = 'home'")

    with serve(create_app(settings, PATIENT)) as address, httpx.Client(base_url=address, timeout=60) as client:
        homes = [client.get("/recommendations/home", params={"user_id": user}) for user in SHOPPERS]

    assert {home.headers["x-batch-id"] for home in homes} == {batch}
    assert all(home.json()["recommendations"] for home in homes)


def test_the_sync_goes_on_and_features_are_built(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    store = MLStore.of(settings)
    before = Snapshot.open(store)
    assert before.hash_frames() == before.snapshot_id
    assert simulate(["--orders", "5"]) == 0
    capsys.readouterr()

    assert sync(["--verify", "--json"]) == 0
    first = last_line(capsys)
    assert sync(["--json"]) == 0
    second = last_line(capsys)
    assert rebuild(["--as-of", before.as_of.isoformat(), "--json"]) == 0
    rebuilt = last_line(capsys)

    orders = first["tables"]["orders"]
    assert first["verification"]["is_equal"]
    assert (orders["num_rows"], orders["num_inserted"], orders["num_deleted"]) == (NUM_ORDERS + 5, 5, 0)
    assert second["tables"]["orders"]["num_inserted"] == 0
    assert rebuilt["num_users"] == before.users.height
    assert Snapshot.open(store, before.as_of).history.equals(before.history)
    rebucket(store, 3)
    assert list_snapshots(store)["num_buckets"].to_list() == [3]
    assert Snapshot.open(store).history.drop("bucket").equals(before.history.drop("bucket"))


def test_the_version_of_before_ranks_and_publishes(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with mlflow_running(settings):
        assert rebuild([]) == 0
        capsys.readouterr()
        assert score(["--json"]) == 0

    published = last_line(capsys)
    assert (published["model_version"], published["was_written"]) == ("1", True)
    assert published["num_users"] == NUM_USERS


def test_airflows_database_is_migrated_and_keeps_its_runs(saved: Path, settings: Settings) -> None:
    runs = "SELECT dag_id, run_id, state FROM dag_run ORDER BY dag_id, run_id"
    environment = {**os.environ, **airflow_environment(settings), "PYTHONPATH": str(ROOT)}
    for action in (["migrate"], ["check-migrations", "--migration-wait-timeout", "0"]):
        command = [sys.executable, "-m", "airflow", "db", *action]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]

    assert len(read(saved / "airflow/airflow.db", runs)) >= 4
    assert read(settings.var_dir / "airflow/airflow.db", runs) == read(saved / "airflow/airflow.db", runs)
