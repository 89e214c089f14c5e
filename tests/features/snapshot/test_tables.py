import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.definitions import hash_definitions, list_names
from features.rebuild import build_snapshot
from features.snapshot.purchases import Purchases
from features.snapshot.rows import TOTALS
from features.snapshot.tables import TABLES, Snapshot, is_current, list_snapshots
from features.store import MLStore
from features.store_failures import StoreError
from tests.features.purchase_rows import AS_OF, make_purchases

NUM_BUCKETS = 3


@pytest.fixture
def snapshot() -> Snapshot:
    rows = [(user, user % 5 + shift, float(user + 3 * shift)) for user in range(1, 21) for shift in (0, 1, 5)]
    return build_snapshot(make_purchases(rows, users=[50], products=[30]), NUM_BUCKETS)


@pytest.fixture
def written(store: MLStore, snapshot: Snapshot) -> MLStore:
    snapshot.write(store)
    return store


def assert_same(left: Snapshot, right: Snapshot) -> None:
    assert (left.as_of, left.num_buckets, left.feature_hash) == (right.as_of, right.num_buckets, right.feature_hash)
    for table in TABLES:
        assert_frame_equal(getattr(left, table), getattr(right, table), check_column_order=False, check_exact=True)


def test_what_is_read_is_what_was_written(written: MLStore, snapshot: Snapshot) -> None:
    assert_same(Snapshot.open(written, AS_OF), snapshot)


def test_writing_an_instant_again_changes_nothing(written: MLStore, snapshot: Snapshot) -> None:
    snapshot.write(written)

    assert_same(Snapshot.open(written, AS_OF), snapshot)
    assert list_snapshots(written).height == 1


def test_an_instant_is_replaced_whole_and_others_stay(written: MLStore, snapshot: Snapshot) -> None:
    other = build_snapshot(make_purchases([(7, 1, 1.0), (8, 2, 1.0)]), NUM_BUCKETS)
    earlier = Snapshot(**{**vars(snapshot), "as_of": AS_OF - timedelta(days=1)})
    earlier.write(written)

    other.write(written)

    assert_same(Snapshot.open(written, AS_OF), other)
    assert_same(Snapshot.open(written, AS_OF - timedelta(days=1)), snapshot_at(snapshot, earlier.as_of))


def snapshot_at(snapshot: Snapshot, as_of: datetime) -> Snapshot:
    return Snapshot(**{name: getattr(snapshot, name) for name in ("num_buckets", "feature_hash", *TABLES)}, as_of=as_of)


def test_a_snapshot_from_before_there_were_complements_opens_and_keeps_its_hash(
    written: MLStore, snapshot: Snapshot
) -> None:
    shutil.rmtree(written.files.path("snapshot_complements"))

    opened = Snapshot.open(written, AS_OF)

    assert_same(opened, snapshot)
    assert opened.hash_frames() == opened.snapshot_id
    taught = pl.DataFrame({"product_id": [1], "neighbour_id": [2], "weight": [0.5]}, schema=opened.complements.schema)
    assert replace(opened, complements=taught).hash_frames() != opened.snapshot_id


def test_the_newest_is_opened_where_none_is_named(written: MLStore, snapshot: Snapshot) -> None:
    snapshot_at(snapshot, AS_OF + timedelta(days=7)).write(written)
    snapshot_at(snapshot, AS_OF - timedelta(days=7)).write(written)

    assert Snapshot.open(written).as_of == AS_OF + timedelta(days=7)
    assert list_snapshots(written)["num_users"].to_list() == [21, 21, 21]


@pytest.mark.parametrize("bucket", range(NUM_BUCKETS))
def test_a_bucket_is_its_users_and_the_whole_shop(written: MLStore, snapshot: Snapshot, bucket: int) -> None:
    part = Snapshot.open(written, AS_OF, bucket=bucket)

    for table in ("users", "user_categories", "history"):
        whole = getattr(snapshot, table).filter(pl.col("bucket") == bucket)
        assert not whole.is_empty()
        assert_frame_equal(getattr(part, table), whole, check_column_order=False)
    for table in ("products", "categories", "neighbours"):
        assert_frame_equal(getattr(part, table), getattr(snapshot, table), check_column_order=False)


def test_buckets_part_the_users(snapshot: Snapshot) -> None:
    users = np.concatenate([snapshot.user_ids(bucket) for bucket in range(NUM_BUCKETS)])

    assert sorted(users) == snapshot.user_ids().tolist() == [*range(1, 21), 50]


def test_one_instant_has_one_name_in_every_zone(store: MLStore, snapshot: Snapshot) -> None:
    seoul = timezone(timedelta(hours=9))

    snapshot_at(snapshot, AS_OF.astimezone(seoul)).write(store)

    assert Snapshot.open(store, AS_OF).as_of == Snapshot.open(store, AS_OF.astimezone(seoul)).as_of == AS_OF
    assert Snapshot.open(store).as_of.tzinfo == UTC


def test_a_snapshot_from_before_stock_was_looked_at_still_opens(written: MLStore, tmp_path: Path) -> None:
    older = MLStore(str(tmp_path / "older"))
    for name in set(written.tables()) - {"snapshot_exclusions"}:  # which came later still
        frame = written.scan(name).collect().with_columns(as_of=pl.lit(AS_OF.isoformat()))
        frame = frame.drop("is_sellable", "partition", strict=False)
        older.overwrite(name, frame, where={"as_of": AS_OF.isoformat()})

    assert Snapshot.open(older).products["is_sellable"].all()


def test_an_unknown_instant_is_refused_naming_those_there_are(written: MLStore) -> None:
    with pytest.raises(StoreError, match=r"2020-01-01.*2026-02-01T00:00:00\+00:00.*features\.rebuild"):
        Snapshot.open(written, datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("table", ["snapshot_history", "snapshots"])
def test_a_damaged_file_is_said_in_one_line(written: MLStore, table: str) -> None:
    for path in (Path(written.uri) / table).rglob("*.parquet"):
        path.write_bytes(b"no parquet")

    with pytest.raises(StoreError, match="cannot be read") as said:
        Snapshot.open(written, AS_OF)

    assert "\n" not in str(said.value)


def test_a_store_without_snapshots_is_refused(store: MLStore) -> None:
    with pytest.raises(StoreError, match=r"features\.rebuild"):
        Snapshot.open(store)


def test_a_snapshot_of_other_definitions_is_not_current(snapshot: Snapshot) -> None:
    assert is_current(snapshot)
    assert snapshot.feature_hash == hash_definitions()
    assert not is_current(Snapshot(**{**vars(snapshot), "feature_hash": "0" * 16}))


def test_arrays_point_at_the_rows_of_the_frames(tiny_purchases: Purchases) -> None:
    snapshot = build_snapshot(tiny_purchases)

    arrays = snapshot.arrays

    assert arrays.user_ids.tolist() == [1, 2, 3, 4]
    assert arrays.product_ids.tolist() == [1, 3, 4, 5, 6]
    assert arrays.category_ids.tolist() == [1, 2, 3]
    assert arrays.category_rows.tolist() == [0, 1, 1, 2, 2]
    assert arrays.is_sellable.tolist() == [True, True, False, True, True]
    assert arrays.history_offsets.tolist() == [0, 2, 5, 5, 5]
    assert arrays.history_products.tolist() == [0, 1, 0, 1, 3]
    assert arrays.popular_rows.tolist() == [0, 1, 3]
    assert arrays.user_column("user_orders").tolist()[:2] == [4, 2]
    assert np.isnan(arrays.user_column("user_orders")[2:]).all()


def test_categories_never_bought_are_missing_but_for_their_reach(tiny_purchases: Purchases) -> None:
    arrays = build_snapshot(tiny_purchases).arrays

    names = list_names("user_category")
    drinks_of_1 = dict(zip(names, arrays.user_categories[0, 2], strict=True))
    assert drinks_of_1.pop("category_reach_28d") == 0.5
    assert np.isnan(list(drinks_of_1.values())).all()


def test_unknown_ids_have_row_minus_one(tiny_purchases: Purchases) -> None:
    arrays = build_snapshot(tiny_purchases).arrays

    assert arrays.find_users(np.array([0, 1, 4, 5, 2**62])).tolist() == [-1, 0, 3, -1, -1]
    assert arrays.find_categories(np.array([3, 4])).tolist() == [2, -1]


def test_a_snapshot_from_before_there_were_totals_keeps_its_hash_beside_a_newer_one(
    store: MLStore, snapshot: Snapshot
) -> None:
    frames = {table: getattr(snapshot, table).drop(names) for table, names in TOTALS.items()}
    replace(snapshot, as_of=AS_OF - timedelta(days=1), **frames).write(store)
    snapshot.write(store)

    older, newer = (Snapshot.open(store, AS_OF - timedelta(days=days)) for days in (1, 0))

    assert older.arrays.totals is None
    assert older.hash_frames() == older.snapshot_id
    assert newer.arrays.totals is not None
    assert newer.hash_frames() == newer.snapshot_id
