"""The newest snapshot in other buckets: the very rows, at once or not at all, whoever else is at work."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from features.maintain import maintain_store
from features.rebucket import main, rebucket
from features.rebuild import main as rebuild_by_command
from features.rebuild import rebuild
from features.snapshot.bucket_files import USER_TABLES, BucketFiles, write_files
from features.snapshot.bucket_rebuild import SharedRebuild
from features.snapshot.index_row import OtherBucketsError, name_instant, read_newest_row
from features.snapshot.tables import TABLES, Snapshot, list_snapshots
from features.store import MLStore
from features.store_failures import StoreError
from features.sync.lease import LeaseTakenError, hold_lease
from features.sync.shop_sync import sync_shop
from settings import load_settings
from shop.database import open_engine
from tests.support.synthetic import AS_OF, fill_synthetic_shop

ROOT = Path(__file__).resolve().parents[2]
NUM_BUCKETS = 4
BEFORE = AS_OF - timedelta(days=30)

VICTIM = """
import os, signal, sys
from features import rebucket
from features.store import MLStore

uri, name, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
holder, calls = (rebucket.IndexRow, "write") if name == "index" else (rebucket, name), 0
real = getattr(*holder)

def die(*given, **named):
    global calls
    calls += 1
    if calls == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)

setattr(*holder, die)
rebucket.rebucket(MLStore(uri), 6)
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> MLStore:
    """A synced shop with two snapshots in four buckets."""
    folder = tmp_path_factory.mktemp("buckets")
    url = f"sqlite:///{folder / 'shop.db'}"
    fill_synthetic_shop(url, num_users=80, num_products=40, num_orders=600)
    engine, store = open_engine(url), MLStore(str(folder / "store"))
    sync_shop(engine, store)
    engine.dispose()
    for as_of in (BEFORE, AS_OF):
        rebuild(store, as_of, NUM_BUCKETS)
    return store


@pytest.fixture
def store(filled: MLStore, tmp_path: Path) -> MLStore:
    shutil.copytree(filled.uri, tmp_path / "store")
    return MLStore(str(tmp_path / "store"))


def drop_buckets(snapshot: Snapshot, table: str) -> pl.DataFrame:
    return getattr(snapshot, table).drop("bucket", strict=False)


def assert_same_rows(found: Snapshot, expected: Snapshot) -> None:
    for table in TABLES:
        assert drop_buckets(found, table).equals(drop_buckets(expected, table)), table
    assert found.hash_frames() == found.snapshot_id


@pytest.mark.parametrize("num_buckets", [6, 8, 1], ids=["into others", "each in halves", "all in one"])
def test_the_snapshot_is_the_one_that_a_rebuild_in_so_many_buckets_writes(store: MLStore, num_buckets: int) -> None:
    before = Snapshot.open(store)
    fresh = MLStore(f"{store.uri}-fresh")
    shutil.copytree(store.uri, fresh.uri, ignore=shutil.ignore_patterns("snapshot*"))
    rebuild(fresh, AS_OF, num_buckets)

    done = rebucket(store, num_buckets)

    found = Snapshot.open(store)
    assert (done.before, done.index.num_buckets, found.num_buckets) == (NUM_BUCKETS, num_buckets, num_buckets)
    assert_same_rows(found, before)
    assert found.snapshot_id == done.index.snapshot_id == Snapshot.open(fresh).snapshot_id != before.snapshot_id
    one_by_one = pl.concat([Snapshot.open(store, bucket=bucket).history for bucket in range(num_buckets)])
    assert one_by_one.sort("user_id", "product_id").equals(found.history)


def test_other_snapshots_and_the_shops_tables_stay_as_they_are(store: MLStore, filled: MLStore) -> None:
    own = {f"snapshot_{table}" for table in TABLES} | {"snapshots"}

    rebucket(store, 6)

    assert Snapshot.open(store, BEFORE).snapshot_id == Snapshot.open(filled, BEFORE).snapshot_id
    assert Snapshot.open(store, BEFORE).hash_frames() == Snapshot.open(filled, BEFORE).hash_frames()
    assert list_snapshots(store)["num_buckets"].to_list() == [NUM_BUCKETS, 6]
    versions = filled.versions()
    assert {name: version for name, version in store.versions().items() if name not in own} == {
        name: version for name, version in versions.items() if name not in own
    }
    assert store.metadata("orders")["watermark"] == filled.metadata("orders")["watermark"]


def test_the_same_number_writes_nothing(store: MLStore) -> None:
    versions = store.versions()

    assert rebucket(store, NUM_BUCKETS).before == NUM_BUCKETS

    assert store.versions() == versions


@pytest.mark.parametrize(
    ("name", "last"),
    [("write_files", 3), ("commit_files", 3), ("index", 1)],
    ids=["among the files", "among the tables", "before the index"],
)
def test_what_was_killed_has_changed_nothing_and_runs_again(store: MLStore, name: str, last: int) -> None:
    before = Snapshot.open(store)

    killed = subprocess.run([sys.executable, "-c", VICTIM, store.uri, name, str(last)], cwd=ROOT, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert Snapshot.open(store).snapshot_id == Snapshot.open(store).hash_frames() == before.snapshot_id
    rebucket(store, 6)
    assert_same_rows(Snapshot.open(store), before)


def at_first_bucket(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something while the first bucket is written."""
    todo = [act]

    def act_once(store: MLStore, partition: str, bucket: int, frames: Mapping[str, pl.DataFrame]) -> BucketFiles:
        if todo:
            todo.pop()()
        return write_files(store, partition, bucket, frames)

    monkeypatch.setattr("features.rebucket.write_files", act_once)


def test_a_sync_and_another_run_are_refused_meanwhile(
    store: MLStore, monkeypatch: pytest.MonkeyPatch, tiny_shop: Engine
) -> None:
    with hold_lease(store), pytest.raises(LeaseTakenError, match="writes to the store"):
        rebucket(store, 6)
    refused = []

    def sync() -> None:
        with pytest.raises(LeaseTakenError, match="writes to the store") as said:
            sync_shop(tiny_shop, store)
        refused.append(said)

    at_first_bucket(monkeypatch, sync)
    rebucket(store, 6)

    assert len(refused) == 1


def test_a_snapshot_that_was_built_anew_meanwhile_stays(store: MLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def sell_nothing() -> None:
        store.overwrite("order_items", store.scan("order_items").collect().head(1000))
        rebuild(store, AS_OF, NUM_BUCKETS)

    before = Snapshot.open(store).snapshot_id
    at_first_bucket(monkeypatch, sell_nothing)

    with pytest.raises(OtherBucketsError, match=r"built anew meanwhile: run `python -m features\.rebucket` again"):
        rebucket(store, 6)

    found = Snapshot.open(store)
    assert (found.num_buckets, found.snapshot_id) == (NUM_BUCKETS, found.hash_frames())
    assert found.snapshot_id != before


def test_a_rebuild_in_the_buckets_of_before_is_not_made_known(store: MLStore) -> None:
    tomorrow = AS_OF + timedelta(days=1)
    late = SharedRebuild.open(store, tomorrow, NUM_BUCKETS)
    late.write_buckets(late.plan(), range(NUM_BUCKETS))
    rebucket(store, 6)

    with pytest.raises(OtherBucketsError, match=r"has 6 user buckets by now, and this snapshot was made in 4"):
        late.finish()

    assert name_instant(tomorrow) not in list_snapshots(store)["as_of"]
    rebuild(store, tomorrow, 6)
    assert Snapshot.open(store, tomorrow).num_buckets == 6


def test_rows_that_are_not_those_of_the_snapshot_are_refused(store: MLStore) -> None:
    newest = read_newest_row(store)
    assert newest is not None
    store.open("snapshot_users").delete(f"as_of = '{newest.partition}' AND bucket = 2")
    versions = store.versions()

    with pytest.raises(StoreError, match=r"are not those that it was made known with: run `python -m features\.reb"):
        rebucket(store, 6)

    assert store.versions() == versions


def test_before_the_first_snapshot_there_is_nothing_to_share(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the first one, of `python -m features\.rebuild`"):
        rebucket(MLStore(str(tmp_path / "store")), 6)


def test_maintenance_deletes_the_rows_of_before_after_a_while(store: MLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rebucket(store, 6)
    after = Snapshot.open(store)
    kept = timedelta(days=10_000)

    maintain_store(store, snapshot_retention=kept)
    rows = {table: store.scan(f"snapshot_{table}").collect().height for table in USER_TABLES}
    monkeypatch.setattr("features.maintain.REBUILD_RETENTION", timedelta(0))
    maintain_store(store, snapshot_retention=kept)

    for table in USER_TABLES:
        frame = getattr(after, table)
        assert store.scan(f"snapshot_{table}").collect().height == rows[table] - frame.height, table
    assert Snapshot.open(store).hash_frames() == after.snapshot_id
    assert Snapshot.open(store, BEFORE).num_buckets == NUM_BUCKETS


@pytest.fixture
def installed(tiny_store: MLStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MLStore]:
    """The tiny shop's store, as that of an installation."""
    shutil.copytree(tiny_store.uri, tmp_path / "store")
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()
    yield MLStore(str(tmp_path / "store"))
    load_settings.cache_clear()


def test_snapshots_follow_the_command_and_not_the_setting(
    installed: MLStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rebuild_by_command(["--as-of", "2026-01-20"]) == 0
    monkeypatch.setenv("NUM_BUCKETS", "2")
    load_settings.cache_clear()
    assert rebuild_by_command(["--as-of", "2026-01-21", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["num_buckets"] == 4

    assert main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out) | {"seconds": 0} == {
        "as_of": "2026-01-21T00:00:00+00:00",
        "num_buckets": 2,
        "before": 4,
        "seconds": 0,
    }
    assert rebuild_by_command(["--as-of", "2026-01-22"]) == 0
    assert main(["--buckets", "3"]) == 0
    assert list_snapshots(installed)["num_buckets"].to_list() == [4, 2, 3]


@pytest.mark.parametrize("text", ["0", "-1", "many", "65537"])
def test_what_is_no_number_of_buckets_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([f"--buckets={text}"])

    assert f"not a number of buckets: '{text}'; write 1 to 65536" in capsys.readouterr().err


def test_while_another_writes_it_is_refused(installed: MLStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert rebuild_by_command(["--as-of", "2026-01-20"]) == 0
    capsys.readouterr()

    with hold_lease(installed):
        assert main(["--buckets", "2"]) == 1

    assert "writes to the store" in capsys.readouterr().err
    assert list_snapshots(installed)["num_buckets"].to_list() == [4]
