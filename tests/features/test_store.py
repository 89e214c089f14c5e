from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.store import MLStore
from features.store_failures import StoreError

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> MLStore:
    return MLStore(str(tmp_path / "store"))


@pytest.fixture
def versioned_orders() -> pl.DataFrame:
    """One order placed on day 0 and cancelled on day 5, one placed on day 2 and deleted on day 7."""
    return pl.DataFrame(
        {
            "order_id": [1, 1, 2],
            "status": ["placed", "cancelled", "placed"],
            "known_from": [START, START + 5 * DAY, START + 2 * DAY],
            "known_until": [START + 5 * DAY, None, START + 7 * DAY],
        },
        schema_overrides={
            "known_from": pl.Datetime("us", "UTC"),
            "known_until": pl.Datetime("us", "UTC"),
        },
    )


def snapshot_rows(bucket: int, values: list[int], as_of: str = "2026-11-22T00:00:00+00:00") -> pl.DataFrame:
    return pl.DataFrame(
        {"as_of": as_of, "bucket": bucket, "value": values},
        schema={"as_of": pl.String, "bucket": pl.Int64, "value": pl.Int64},
    )


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(0, {}, id="the first instant itself is not yet known"),
        pytest.param(1, {1: "placed"}, id="after the first order"),
        pytest.param(5, {1: "placed", 2: "placed"}, id="a change shows after its instant, not at it"),
        pytest.param(6, {1: "cancelled", 2: "placed"}, id="after the change"),
        pytest.param(8, {1: "cancelled"}, id="after the delete"),
    ],
)
def test_as_of_reads_the_rows_known_before_an_instant(
    store: MLStore, versioned_orders: pl.DataFrame, day: int, expected: dict[int, str]
) -> None:
    store.overwrite("orders", versioned_orders)

    rows = store.as_of("orders", START + day * DAY).collect()

    assert rows.columns == ["order_id", "status"]
    assert dict(rows.iter_rows()) == expected


def test_as_of_refuses_an_instant_without_time_zone(store: MLStore, versioned_orders: pl.DataFrame) -> None:
    store.overwrite("orders", versioned_orders)

    with pytest.raises(ValueError, match="time zone"):
        store.as_of("orders", datetime(2026, 1, 1))  # noqa: DTZ001


def test_recorded_versions_read_the_same_rows_after_the_table_was_replaced(
    store: MLStore, versioned_orders: pl.DataFrame
) -> None:
    store.overwrite("orders", versioned_orders)
    recorded = store.versions()

    store.overwrite("orders", versioned_orders.clear())

    assert recorded == {"orders": 0}
    assert store.versions() == {"orders": 1}
    assert store.as_of("orders", START + 6 * DAY, recorded).collect().height == 2
    assert store.as_of("orders", START + 6 * DAY).collect().height == 0


def test_overwrite_where_replaces_only_those_partitions(store: MLStore) -> None:
    other_day = snapshot_rows(0, [9], as_of="2026-11-15T00:00:00+00:00")
    store.overwrite(
        "user_features", pl.concat([snapshot_rows(0, [1, 2]), snapshot_rows(1, [3]), other_day]), ["as_of", "bucket"]
    )
    where: dict[str, str | int] = {"as_of": "2026-11-22T00:00:00+00:00", "bucket": 0}

    store.overwrite("user_features", snapshot_rows(0, [7]), where=where)
    store.overwrite("user_features", snapshot_rows(0, [7]), where=where)

    rows = store.scan("user_features").select("as_of", "bucket", "value").sort("value").collect().rows()
    assert rows == [
        ("2026-11-22T00:00:00+00:00", 1, 3),
        ("2026-11-22T00:00:00+00:00", 0, 7),
        ("2026-11-15T00:00:00+00:00", 0, 9),
    ]


def test_overwrite_where_creates_a_partitioned_table_and_empties_a_partition(store: MLStore) -> None:
    where: dict[str, str | int] = {"as_of": "it's", "bucket": 0}
    store.overwrite("user_features", snapshot_rows(0, [1], as_of="it's"), where=where)
    assert store.open("user_features").metadata().partition_columns == ["as_of", "bucket"]

    store.overwrite("user_features", snapshot_rows(0, [], as_of="it's"), where=where)

    assert store.scan("user_features").collect().is_empty()


def test_overwrite_where_adds_new_columns_as_null_elsewhere(store: MLStore) -> None:
    store.overwrite("user_features", snapshot_rows(0, [1]), where={"bucket": 0})

    wider = snapshot_rows(1, [2]).with_columns(recency_days=pl.lit(3.5))
    store.overwrite("user_features", wider, where={"bucket": 1})

    rows = store.scan("user_features").sort("value").collect()
    assert rows["recency_days"].to_list() == [None, 3.5]


def test_overwrite_where_refuses_rows_outside(store: MLStore) -> None:
    with pytest.raises(StoreError, match=r"1 of 1 rows for 'user_features' lie outside"):
        store.overwrite("user_features", snapshot_rows(0, [1]), where={"bucket": 1})


def test_metadata_is_that_of_the_newest_commit_that_carried_any(store: MLStore) -> None:
    store.overwrite("user_features", snapshot_rows(0, [1]), metadata={"feature_hash": "old"})
    store.overwrite("user_features", snapshot_rows(0, [2]), metadata={"feature_hash": "new", "rows": "1"})
    store.overwrite("user_features", snapshot_rows(0, [3]))

    assert store.metadata("user_features") == {"feature_hash": "new", "rows": "1"}


def test_a_missing_table_is_named_with_the_remedy(store: MLStore) -> None:
    assert not store.exists("orders")
    assert store.versions() == {}
    with pytest.raises(StoreError, match=r"no table 'orders'.*python -m features.sync"):
        store.scan("orders")


def test_tables_of_the_stores_own_stay_out_of_versions(store: MLStore) -> None:
    store.overwrite("_runs", snapshot_rows(0, [1]))

    assert store.versions() == {}


@pytest.mark.parametrize("name", ["my shop", "내 가게 (1)", "what?", "a#b", "{c}", "st*r", "50%"])
def test_a_store_may_lie_in_any_folder(tmp_path: Path, name: str) -> None:
    store = MLStore(str(tmp_path / name / "store"))
    frame = pl.DataFrame({"user_id": [1, 2], "kind": ["a b", "가/나"]})

    store.overwrite("users", frame, partition_by=["kind"], metadata={"watermark": "now"})

    assert store.metadata("users") == {"watermark": "now"}
    assert store.scan("users").sort("user_id").collect().equals(frame)
    assert store.tables() == ["users"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["br[1]x", "pct%20x", "back\\slash", "p|pe", "tab\tbed"])
def test_a_folder_that_deltalake_cannot_have_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match=r"its tables cannot have .* in their path. Give another folder"):
        MLStore(str(tmp_path / name / "store"))

    assert list(tmp_path.iterdir()) == []


def test_a_relative_folder_is_that_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    MLStore("my store").overwrite("users", pl.DataFrame({"user_id": [1]}))

    assert (tmp_path / "my store" / "users").is_dir()
    assert MLStore("my store").scan("users").collect().height == 1
