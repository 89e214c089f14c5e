"""Ranges of a large table in turn: where a sweep goes on, whatever happens between two runs."""

import pytest
from sqlalchemy import Engine

from features.maintain import maintain_store
from features.store import MLStore
from features.sync.lease import hold_lease
from features.sync.shop_sync import sync_shop
from features.sync.source.sql import KeyRange
from features.sync.sweep import load_places, order_ranges, save_places
from features.sync.table_sync import SyncOptions
from tests.features.shop_writes import assert_equal, execute

RANGES = [KeyRange(None, 10), KeyRange(10, 20), KeyRange(20, 30), KeyRange(30, 40), KeyRange(40, None)]


@pytest.mark.parametrize(
    ("after_key", "others"),
    [
        (None, [None, 10, 20]),
        (10, [10, 20, None]),
        (20, [20, None, 10]),
        (15, [20, None, 10]),
        (30, [None, 10, 20]),
        (99, [None, 10, 20]),
    ],
)  # fmt: skip
def test_the_others_begin_where_the_last_run_ended(after_key: int | None, others: list[int | None]) -> None:
    newest, older = order_ranges(RANGES, 1, after_key)

    assert [keys.low for keys in newest] == [30, 40]
    assert [keys.low for keys in older] == others


def test_places_are_kept(store: MLStore) -> None:
    assert load_places(store) == {}

    save_places(store, {"orders": 7})
    save_places(store, {"orders": 9, "users": 2**63 - 1})

    assert load_places(store) == {"orders": 9, "users": 2**63 - 1}
    assert store.versions() == {}


@pytest.fixture
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> SyncOptions:
    """Files and ranges of one row, of which a run has no time for more than it must."""
    monkeypatch.setattr("features.sync.destination.versioned_table.FILE_ROWS", 1)
    monkeypatch.setattr("features.sync.destination.stored_rows.RANGE_ROWS", 1)
    monkeypatch.setattr("features.sync.table_sync.RANGE_ROWS", 1)
    return SyncOptions(sweep_rows=100, sweep_seconds=0.0, max_gone_share=1.0)


def test_every_range_has_its_turn_whatever_else_takes_the_lease(
    tiny_shop: Engine, store: MLStore, few_at_a_time: SyncOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.sync.destination.versioned_table.VersionedTable.stage_compaction", lambda _table: 0)
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "DELETE FROM order_items WHERE order_item_id IN (1, 2, 3, 4, 5)")

    for _ in range(3):  # eleven ranges, five newest and two others a run
        report = sync_shop(tiny_shop, store, options=few_at_a_time)
        assert report.tables["order_items"].counts.num_ranges_swept <= 7
        maintain_store(store)
        with hold_lease(store):
            pass

    assert_equal(tiny_shop, store)


def test_a_run_without_changes_moves_on_and_makes_no_version(
    tiny_shop: Engine, store: MLStore, few_at_a_time: SyncOptions
) -> None:
    sync_shop(tiny_shop, store)
    before = store.versions()

    sync_shop(tiny_shop, store, options=few_at_a_time)
    first = load_places(store)
    sync_shop(tiny_shop, store, options=few_at_a_time)

    assert store.versions() == before
    assert load_places(store)["order_items"] > first["order_items"]
