"""A rebuild that workers share, or that is read a few buckets at a time, writes what one in memory writes."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.rebuild import main, rebuild
from features.snapshot import complements, item_neighbours, spreading
from features.snapshot.bucket_files import commit_files
from features.snapshot.bucket_rebuild import SharedRebuild, UnfinishedError
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import TABLES, Snapshot, list_snapshots
from features.snapshot.workspace import FOLDER, delete_abandoned
from features.store import MLStore
from settings import load_settings
from tests.support.synthetic import AS_OF

ROOT = Path(__file__).resolve().parents[3]
NUM_BUCKETS = 3
FILES = f"{FOLDER}/*"

VICTIM = """
import os, signal, sys
from datetime import datetime
from features.snapshot import complements
from features.snapshot.bucket_rebuild import SharedRebuild
from features.store import MLStore
from features.store_files import StoreFiles

uri, as_of, buckets, last = sys.argv[1], datetime.fromisoformat(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
write_rows, written = StoreFiles.write_rows, 0

def write_and_die(files, path, rows):
    global written
    written += path.startswith("snapshot_")
    size = write_rows(files, path, rows)
    if written == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return size

StoreFiles.write_rows = write_and_die
complements.MOST_ORDERS = 400
rebuild = SharedRebuild.open(MLStore(uri), as_of, buckets)
rebuild.write_buckets(rebuild.plan(), range(buckets))
"""


@pytest.fixture(scope="module", autouse=True)
def small_limits() -> Iterator[pytest.MonkeyPatch]:
    """Limits low enough to be reached: users who teach what goes together, and newest orders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_neighbours, "MAX_USERS", 25)
        patch.setattr(complements, "MOST_ORDERS", 400)
        yield patch


@pytest.fixture(scope="module")
def in_memory(odd_store: MLStore, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What a rebuild in memory writes."""
    store = copy(odd_store, tmp_path_factory.mktemp("memory"))
    rebuild(store, AS_OF, NUM_BUCKETS)
    assert not list(Path(store.uri).glob(FILES))
    return Snapshot.open(store, AS_OF)


@pytest.fixture
def store(odd_store: MLStore, tmp_path: Path) -> MLStore:
    return copy(odd_store, tmp_path)


@pytest.fixture
def few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let memory be meant for fewer lines than a bucket has."""
    monkeypatch.setattr(spreading, "LINES_AT_ONCE", 300)


def copy(store: MLStore, folder: Path) -> MLStore:
    shutil.copytree(store.uri, folder / "store")
    return MLStore(str(folder / "store"))


def open_shared(store: MLStore) -> SharedRebuild:
    return SharedRebuild.open(store, AS_OF, NUM_BUCKETS)


def assert_equal(store: MLStore, expected: Snapshot) -> None:
    found = Snapshot.open(store, AS_OF)
    for table in TABLES:
        assert getattr(found, table).equals(getattr(expected, table)), table
    assert found.snapshot_id == expected.snapshot_id == found.hash_frames()
    assert not list(Path(store.uri).glob(FILES)), "the workers' files are gone"


def test_the_shop_has_what_makes_purchases_odd(odd_store: MLStore, in_memory: Snapshot) -> None:
    purchases = load_purchases(odd_store, AS_OF)

    assert purchases.ledger is not None
    assert {"gift_at"} <= {*purchases.ledger.columns}
    assert (purchases.ledger["quantity"] < 0).any()
    assert purchases.guest_lines.height > 100
    assert not purchases.availability["is_visible"].all()
    for table in TABLES:
        assert getattr(in_memory, table).height > 0, table


def test_a_few_buckets_at_a_time_give_what_all_in_memory_give(
    store: MLStore, in_memory: Snapshot, few_lines: None
) -> None:
    rebuilt = rebuild(store, AS_OF, NUM_BUCKETS)

    assert rebuilt.num_pairs == in_memory.history.height
    assert (rebuilt.index.num_users, rebuilt.index.num_products) == (in_memory.users.height, in_memory.products.height)
    assert_equal(store, in_memory)


def test_workers_share_the_buckets_and_the_last_makes_the_snapshot_known(store: MLStore, in_memory: Snapshot) -> None:
    shared = open_shared(store)
    shared.plan()
    with ThreadPoolExecutor(2) as workers:
        parts = [
            workers.submit(open_shared(store).write_buckets, open_shared(store).plan(), part) for part in ([0], [1, 2])
        ]
        for part in parts:
            part.result()
    assert list_snapshots(store).is_empty(), "nobody sees what is not finished"

    open_shared(store).finish(may_write=False)

    assert_equal(store, in_memory)


def test_a_bucket_done_twice_is_the_same(store: MLStore, in_memory: Snapshot) -> None:
    shared = open_shared(store)
    plan = shared.plan()
    with ThreadPoolExecutor(2) as workers:
        first, second = workers.map(lambda _: open_shared(store).write_buckets(plan, [1]), range(2))

    assert {table: file.rows for table, file in first[1].items()} == {
        table: file.rows for table, file in second[1].items()
    }
    shared.finish()
    assert_equal(store, in_memory)


@pytest.mark.parametrize("last", [1, 6], ids=["in the first bucket", "in the second"])
def test_what_a_killed_worker_left_is_written_by_the_last_step(store: MLStore, in_memory: Snapshot, last: int) -> None:
    told = [store.uri, AS_OF.isoformat(), str(NUM_BUCKETS), str(last)]

    killed = subprocess.run([sys.executable, "-c", VICTIM, *told], cwd=ROOT, check=False)

    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(UnfinishedError, match="Nobody has written the buckets"):
        open_shared(store).finish(may_write=False)
    rebuild(store, AS_OF, NUM_BUCKETS)
    assert_equal(store, in_memory)


def test_one_instant_is_rebuilt_in_place_of_what_was_there(
    store: MLStore, in_memory: Snapshot, few_lines: None
) -> None:
    rebuild(store, AS_OF - timedelta(days=30), NUM_BUCKETS)
    before = Snapshot.open(store, AS_OF - timedelta(days=30))

    for _ in range(2):
        rebuild(store, AS_OF, NUM_BUCKETS)

    assert_equal(store, in_memory)
    assert Snapshot.open(store, AS_OF - timedelta(days=30)).hash_frames() == before.snapshot_id


def test_who_finishes_at_the_same_time_leaves_each_row_once(store: MLStore, in_memory: Snapshot) -> None:
    shared = open_shared(store)
    written = shared.write_buckets(shared.plan(), range(NUM_BUCKETS))
    files, schema = [each["history"] for each in written.values()], in_memory.history.schema

    for _ in range(3):
        with ThreadPoolExecutor(3) as workers:
            for each in [
                workers.submit(commit_files, store, "history", shared.workspace.name, schema, files) for _ in range(3)
            ]:
                each.result()

    rows = store.scan("snapshot_history").collect().sort("user_id", "product_id")
    assert rows.select(in_memory.history.columns).equals(in_memory.history)


def test_rows_that_were_synced_since_make_it_another_rebuild(store: MLStore, in_memory: Snapshot) -> None:
    shared = open_shared(store)
    shared.write_buckets(shared.plan(), [0])
    store.overwrite("users", store.scan("users").collect())

    with pytest.raises(UnfinishedError, match="Nobody has planned"):
        open_shared(store).finish(may_write=False)
    rebuild(store, AS_OF, NUM_BUCKETS)

    assert Snapshot.open(store, AS_OF).snapshot_id == in_memory.snapshot_id
    assert delete_abandoned(store, datetime.now(UTC) - timedelta(hours=1)) == []
    assert delete_abandoned(store, datetime.now(UTC)) == [shared.workspace.name]
    assert not list(Path(store.uri).glob(FILES))


def test_a_bucket_whose_file_was_lost_is_written_again(store: MLStore, in_memory: Snapshot) -> None:
    shared = open_shared(store)
    shared.write_buckets(shared.plan(), range(NUM_BUCKETS))
    next(Path(store.uri, "snapshot_users").rglob("*.parquet")).unlink()

    with pytest.raises(UnfinishedError, match="Nobody has written the buckets"):
        shared.finish(may_write=False)
    shared.finish()

    assert_equal(store, in_memory)


def test_the_commands_of_workers(
    store: MLStore, in_memory: Snapshot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VAR_DIR", str(Path(store.uri).parent))
    monkeypatch.setenv("ML_STORE_URI", store.uri)
    monkeypatch.setenv("NUM_BUCKETS", str(NUM_BUCKETS))
    load_settings.cache_clear()
    instant = ["--as-of", AS_OF.isoformat(), "--json"]

    assert main([*instant, "--finish"]) == 1
    assert "Nobody has planned" in json.loads(capsys.readouterr().out.splitlines()[-1])["reason"]
    assert main([*instant, "--plan"]) == 0
    assert main([*instant, "--buckets", "1/2"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert main([*instant, "--buckets", "9"]) == 1
    assert "there are buckets 0 to 2" in json.loads(capsys.readouterr().out.splitlines()[-1])["reason"]
    assert main([*instant, "--buckets", "1-2"]) == 0
    second = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert main([*instant, "--finish"]) == 0

    load_settings.cache_clear()
    assert first["rebuild"] == second["rebuild"]
    assert (first["buckets"], second["buckets"]) == (1, 2)
    assert first["num_users"] + second["num_users"] == in_memory.users.height
    assert_equal(store, in_memory)
