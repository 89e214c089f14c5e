"""Tables of many files, wide rows and many ranges: read in parts, swept in turns, equal all the same."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

import features.sync.source.reader
import features.sync.source.session
from features.store import MLStore
from features.sync.destination.versioned_table import VersionedTable
from features.sync.mass_delete_guard import MassDisappearanceError
from features.sync.shop_sync import sync_shop
from features.sync.source.columns import SYNCED_TABLES
from features.sync.table_sync import SyncOptions
from tests.features.shop_writes import assert_equal, assert_lives_are_sound, current, execute, versions_of

ORDERS = next(table for table in SYNCED_TABLES if table.name == "orders")
ANY_DELETES = SyncOptions(max_gone_share=1.0)


def test_full_compares_every_row_and_keeps_history(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "UPDATE products SET stock = 1, updated_at = updated_at WHERE product_id = 1")

    report = sync_shop(server_shop, store, full=True)

    assert report.tables["products"].counts.num_changed == 1
    assert len(versions_of(store, "products", 1)) == 2
    assert len(versions_of(store, "products", 2)) == 1
    assert_equal(server_shop, store)


def test_a_row_wider_than_a_page_still_crosses(
    server_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.sync.source.session, "PAGE_BYTES", 300_000)
    execute(server_shop, "UPDATE products SET description = REPEAT('wide \"\u00e9\" ', 6000)")

    report = sync_shop(server_shop, store, verify=True)

    assert report.is_equal
    assert_equal(server_shop, store)


def test_many_small_files_and_pages_give_the_same_store(
    server_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.sync.source.reader, "PAGE_ROWS", 2)
    monkeypatch.setattr("features.sync.destination.versioned_table.FILE_ROWS", 2)
    monkeypatch.setattr("features.sync.destination.stored_rows.RANGE_ROWS", 2)
    monkeypatch.setattr("features.sync.table_sync.RANGE_ROWS", 2)
    sync_shop(server_shop, store)
    assert len(VersionedTable(store, ORDERS).ranges()) > 3
    execute(
        server_shop,
        "UPDATE orders SET status = 'cancelled' WHERE order_id IN (1, 4)",
        "DELETE FROM order_items WHERE order_item_id IN (3, 9)",
        "DELETE FROM orders WHERE order_id = 6",
        "INSERT INTO users (user_id, nickname) VALUES (1000000, 'far away'), (-5, 'negative')",
    )

    report = sync_shop(server_shop, store, verify=True, options=ANY_DELETES)

    assert report.is_equal
    assert not any(verdict.num_differing for verdict in (report.verification or {}).values())
    assert_equal(server_shop, store)
    assert_lives_are_sound(store)


@pytest.fixture
def tiny_files(monkeypatch: pytest.MonkeyPatch) -> SyncOptions:
    """Files and ranges of two rows, and two ranges swept in a run: every table is a large one."""
    monkeypatch.setattr("features.sync.destination.versioned_table.FILE_ROWS", 2)
    monkeypatch.setattr("features.sync.destination.stored_rows.RANGE_ROWS", 2)
    monkeypatch.setattr("features.sync.table_sync.RANGE_ROWS", 2)
    return SyncOptions(sweep_rows=4, max_gone_share=1.0)


def test_a_large_table_is_swept_in_turns(tiny_shop: Engine, store: MLStore, tiny_files: SyncOptions) -> None:
    first = sync_shop(tiny_shop, store)
    execute(tiny_shop, "DELETE FROM order_items WHERE order_item_id IN (2, 10)")

    second = sync_shop(tiny_shop, store, options=tiny_files)
    assert 10 not in current(store, "order_items", "quantity"), "the newest range is swept in every run"
    assert second.tables["order_items"].counts.num_ranges_swept == 3
    num_ranges = second.tables["order_items"].counts.num_ranges
    for _ in range(num_ranges - 1):
        sync_shop(tiny_shop, store, options=tiny_files)

    assert first.number == 1
    assert 2 not in current(store, "order_items", "quantity")
    assert_equal(tiny_shop, store)


def test_verify_covers_a_large_table_at_once(tiny_shop: Engine, store: MLStore, tiny_files: SyncOptions) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "DELETE FROM order_items WHERE order_item_id IN (1, 4, 6)")

    report = sync_shop(tiny_shop, store, verify=True, options=tiny_files)

    assert report.is_equal
    assert_equal(tiny_shop, store)


def test_a_large_table_that_vanishes_is_refused_by_what_was_looked_at(
    tiny_shop: Engine, store: MLStore, tiny_files: SyncOptions
) -> None:
    sync_shop(tiny_shop, store)
    before = store.versions()
    execute(tiny_shop, "DELETE FROM order_items")

    with pytest.raises(MassDisappearanceError, match=r"order_items: 4 of 4 rows"):
        sync_shop(tiny_shop, store, options=replace(tiny_files, max_gone_share=0.2, min_gone_rows=2))

    assert store.versions() == before
