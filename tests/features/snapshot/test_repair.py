"""Damaged logs of snapshots: the next rebuild makes them readable, and no snapshot stays that lost rows by it."""

import shutil
from pathlib import Path

import pytest

from features.rebuild import rebuild
from features.snapshot.tables import TABLES, Snapshot, list_snapshots
from features.store import MLStore
from features.store_failures import StoreError
from tests.support.tiny_shop import day


@pytest.fixture
def store(tiny_store: MLStore, tmp_path: Path) -> MLStore:
    """The tiny shop with snapshots as of two days."""
    shutil.copytree(tiny_store.uri, tmp_path / "store")
    store = MLStore(str(tmp_path / "store"))
    for number in (15, 21):
        rebuild(store, day(number, hour=0), num_buckets=2)
    return store


@pytest.mark.parametrize("table", ["snapshots", *(f"snapshot_{name}" for name in TABLES)])
@pytest.mark.parametrize("place", [0, -1], ids=["first", "last"])
def test_a_damaged_log_of_snapshots_is_repaired_by_the_next_rebuild(store: MLStore, table: str, place: int) -> None:
    commit = sorted(Path(store.files.path(f"{table}/_delta_log")).glob("*.json"))[place]
    commit.write_bytes(commit.read_bytes()[:-40])
    with pytest.raises(StoreError, match=r"of a snapshot by `python -m features\.rebuild`"):
        Snapshot.open(store)

    rebuild(store, day(22, hour=0), num_buckets=2)

    num_kept = int(place == -1)
    if table == "snapshot_complements":
        num_kept = 1  # the 15th had none to lose
    if table == "snapshot_exclusions":
        num_kept = 2  # nobody had any
    instants = [day(15, hour=0), day(21, hour=0)][:num_kept]
    kept = [instant.isoformat() for instant in instants]
    assert list_snapshots(store)["as_of"].to_list() == [*kept, day(22, hour=0).isoformat()]
    for as_of in (*instants, day(22, hour=0)):
        snapshot = Snapshot.open(store, as_of)
        assert snapshot.hash_frames() == snapshot.snapshot_id
