"""Hop 1 end to end on both databases: what the shop holds is what the store gives, whatever happened in between."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from sqlalchemy import Engine

from features.store import MLStore
from features.sync.known_sources import SOURCES_TABLE
from features.sync.lease import LEASE_TABLE
from features.sync.mass_delete_guard import MassDisappearanceError
from features.sync.shop_sync import sync_shop
from features.sync.source.columns import SYNCED_TABLES
from features.sync.table_sync import SyncOptions
from tests.support.tiny_shop import day, fill_tiny_shop

TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> MLStore:
    return MLStore(str(tmp_path / "store"))


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    """The tiny shop, on each database in turn."""
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def current(store: MLStore, table: str, column: str) -> dict[int, object]:
    rows = store.as_of(table, TOMORROW).collect()
    return dict(zip(rows.to_series(0).to_list(), rows[column].to_list(), strict=True))


def test_the_first_load_carries_every_row_and_type(shop: Engine, store: MLStore) -> None:
    report = sync_shop(shop, store, verify=True)

    assert report.is_equal
    assert {name: table.counts.num_rows for name, table in report.tables.items()} == {
        "categories": 3, "users": 4, "products": 6, "coupons": 1, "orders": 7, "order_items": 10, "user_coupons": 1,
        "product_reviews": 1, "events": 0, "shopper_choices": 0,
    }  # fmt: skip
    assert current(store, "users", "nickname")[4] == "Zoë 🌸"
    assert str(current(store, "orders", "total_amount")[4]) == "5.200"
    assert current(store, "products", "is_visible")[2] is False
    assert current(store, "user_coupons", "used_at")[1] == day(3)


def test_a_second_run_without_changes_makes_no_version(shop: Engine, store: MLStore) -> None:
    sync_shop(shop, store)
    before = store.versions()

    sync_shop(shop, store)

    assert store.versions() == before


def test_a_run_reads_the_log_of_a_table_once(
    tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_shop(tiny_shop, store)
    opened: Counter[str] = Counter()
    open_table = MLStore.open

    def count(store: MLStore, table: str, version: int | None = None) -> DeltaTable:
        opened[table] += 1
        return open_table(store, table, version)

    monkeypatch.setattr(MLStore, "open", count)
    execute(tiny_shop, "UPDATE users SET nickname = 'Ann', updated_at = '2099-01-01' WHERE user_id = 1")
    assert sync_shop(tiny_shop, store).tables["users"].counts.num_changed == 1

    assert opened.pop("orders") == 2  # the newest order is read at the end
    assert opened.pop(LEASE_TABLE) == 6  # taken, looked at before the commit and after it, given back
    assert opened == dict.fromkeys([table.name for table in SYNCED_TABLES if table.name != "orders"], 1) | {
        SOURCES_TABLE: 1
    }


def test_an_increment_carries_inserts_changes_and_deletes(shop: Engine, store: MLStore) -> None:
    sync_shop(shop, store)
    execute(
        shop,
        "INSERT INTO users (user_id, nickname) VALUES (9, 'Neu')",
        "UPDATE orders SET status = 'shipped' WHERE order_id = 5",
        "DELETE FROM product_reviews WHERE review_id = 1",
    )

    report = sync_shop(shop, store, verify=True, options=SyncOptions(min_gone_rows=2))

    assert report.is_equal
    assert not any(verdict.num_differing for verdict in (report.verification or {}).values())
    assert current(store, "users", "nickname")[9] == "Neu"
    assert current(store, "orders", "status")[5] == "shipped"
    assert current(store, "product_reviews", "rating") == {}


def test_what_was_known_before_a_change_stays_readable(shop: Engine, store: MLStore) -> None:
    sync_shop(shop, store)
    before = store.as_of("orders", day(23)).collect()

    execute(
        shop,
        "UPDATE orders SET status = 'cancelled' WHERE order_id IN (1, 7)",
        "DELETE FROM order_items WHERE order_id = 6",
        "DELETE FROM orders WHERE order_id = 6",
    )
    sync_shop(shop, store)

    assert store.as_of("orders", day(23)).collect().sort("order_id").equals(before.sort("order_id"))
    assert 6 not in current(store, "orders", "status")


def test_mass_disappearance_is_refused_with_the_counts(shop: Engine, store: MLStore) -> None:
    sync_shop(shop, store)
    before = store.versions()
    execute(
        shop, "DELETE FROM order_items WHERE order_item_id > 4", "UPDATE users SET nickname = 'new' WHERE user_id = 1"
    )

    with pytest.raises(MassDisappearanceError, match=r"order_items: 6 of 10 rows"):
        sync_shop(shop, store, options=SyncOptions(min_gone_rows=5))

    assert store.versions() == before


@pytest.mark.parametrize("name", ["내 가게 (1)", "a?b", "q#h"])
def test_a_store_in_a_folder_of_any_name_follows_the_shop(tiny_shop: Engine, tmp_path: Path, name: str) -> None:
    store = MLStore(str(tmp_path / name / "store"))
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "UPDATE users SET nickname = 'renamed', updated_at = '2030-01-01 00:00:00' WHERE user_id = 1")

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert current(store, "users", "nickname")[1] == "renamed"
