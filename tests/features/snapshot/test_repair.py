"""Damaged logs of snapshots: the next rebuild makes them readable, and no snapshot stays that lost rows by it."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from features.rebuild import rebuild
from features.snapshot.tables import TABLES, Snapshot, list_snapshots
from features.store import KNOWN_FROM, MLStore
from features.store_failures import StoreError
from shop.tables import NOT_INTERESTED_PRODUCT
from tests.support.tiny_shop import day


@pytest.fixture
def store(tiny_store: MLStore, tmp_path: Path) -> MLStore:
    """The tiny shop, where a shopper refused a product, with snapshots as of two days."""
    shutil.copytree(tiny_store.uri, tmp_path / "store")
    store = MLStore(str(tmp_path / "store"))
    refusal = {"choice_id": 1, "user_id": 1, "choice_key": "product:3", "kind": NOT_INTERESTED_PRODUCT}
    refusal |= {"product_id": 3, "product_type": "Bread", "category_id": 2, "order_id": 0}
    refusal |= dict.fromkeys(("made_at", "created_at", "updated_at", KNOWN_FROM), day(2))
    schema = store.scan("shopper_choices").collect_schema()
    store.overwrite("shopper_choices", pl.DataFrame([refusal], schema=schema))
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

    lost_nothing = place == -1 or table == "snapshot_complements"  # of which the 15th had none
    kept = [day(15, hour=0).isoformat()] if lost_nothing else []
    assert list_snapshots(store)["as_of"].to_list() == [*kept, day(22, hour=0).isoformat()]
    for as_of in (*[day(15, hour=0)] * len(kept), day(22, hour=0)):
        snapshot = Snapshot.open(store, as_of)
        assert snapshot.hash_frames() == snapshot.snapshot_id
