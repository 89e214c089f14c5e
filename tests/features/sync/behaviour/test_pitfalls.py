"""How other syncs lose rows: a test for each way, on real MySQL and MariaDB (docs/how-it-works/sync.md)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

import features.sync.source.reader
import features.sync.source.session
from features.store import MLStore
from features.sync.mass_delete_guard import MassDisappearanceError
from features.sync.shop_sync import sync_shop
from features.sync.source.columns import SYNCED_TABLES
from features.sync.source.reader import open_snapshot
from features.sync.table_sync import SyncOptions
from shop.mapping.model import load_mapping
from tests.features.shop_writes import assert_equal, assert_lives_are_sound, current, execute, versions_of

NO_LOOK_BACK = SyncOptions(look_back=timedelta(0))
ANY_DELETES = SyncOptions(max_gone_share=1.0)


@pytest.mark.parametrize("look_back_minutes", [15, 0], ids=["within the look-back", "beyond it, by the sweep"])
def test_a_late_commit_is_not_lost(server_shop: Engine, store: MLStore, look_back_minutes: int) -> None:
    options = SyncOptions(look_back=timedelta(minutes=look_back_minutes))
    sync_shop(server_shop, store)
    with server_shop.connect() as late:
        late.execute(text("INSERT INTO users (user_id, nickname) VALUES (10, 'late')"))
        late.execute(text("UPDATE orders SET status = 'shipped' WHERE order_id = 7"))
        execute(server_shop, "UPDATE users SET nickname = 'on time' WHERE user_id = 2")
        sync_shop(server_shop, store, options=options)
        assert 10 not in current(store, "users", "nickname")
        late.commit()

    sync_shop(server_shop, store, options=options)

    assert current(store, "users", "nickname")[10] == "late"
    assert current(store, "orders", "status")[7] == "shipped"
    assert_equal(server_shop, store)


def test_all_tables_come_from_one_snapshot(server_shop: Engine, store: MLStore) -> None:
    def write_meanwhile(step: str) -> None:
        if step == "collect order_items":
            execute(
                server_shop,
                "INSERT INTO orders (order_id, user_id, ordered_at, total_amount) VALUES (50, 4, NOW(6), 1)",
                "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price) "
                "VALUES (50, 50, 1, 1, 1)",
                "DELETE FROM order_items WHERE order_item_id = 1",
            )

    report = sync_shop(server_shop, store, verify=True, at_step=write_meanwhile)

    assert report.is_equal
    assert 50 not in current(store, "orders", "status")
    assert 50 not in current(store, "order_items", "quantity")
    assert 1 in current(store, "order_items", "quantity")
    sync_shop(server_shop, store)
    assert_equal(server_shop, store)


def test_what_changes_during_the_first_load_is_in_the_next_run(server_shop: Engine, store: MLStore) -> None:
    def write_meanwhile(step: str) -> None:
        if step == "collect order_items":
            execute(server_shop, "UPDATE users SET nickname = 'meanwhile' WHERE user_id = 1")

    sync_shop(server_shop, store, at_step=write_meanwhile)
    sync_shop(server_shop, store, options=NO_LOOK_BACK)

    assert current(store, "users", "nickname")[1] == "meanwhile"


def test_ties_are_neither_skipped_nor_split_by_page_edges(
    server_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.sync.source.reader, "PAGE_ROWS", 3)
    sync_shop(server_shop, store)
    execute(server_shop, "UPDATE order_items SET quantity = 5, updated_at = '2026-02-01 00:00:00.000001'")

    with open_snapshot(server_shop, load_mapping()) as snapshot:
        instant = datetime(2026, 2, 1, 0, 0, 0, 1, tzinfo=UTC)
        table = next(table for table in SYNCED_TABLES if table.name == "order_items")
        pages = [page.rows["order_item_id"].to_list() for page in snapshot.pages_changed_since(table, instant)]
        after = list(snapshot.pages_changed_since(table, instant + timedelta(microseconds=1)))

    assert pages == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]]
    assert [page.rows.height for page in after] == [0]


def test_the_watermark_keeps_microseconds_and_is_inclusive(server_shop: Engine, store: MLStore) -> None:
    report = sync_shop(server_shop, store)
    watermark = datetime.fromisoformat(report.tables["users"].watermark)
    assert report.bound == watermark

    execute(
        server_shop,
        f"UPDATE users SET nickname = 'at the edge', updated_at = '{watermark:%Y-%m-%d %H:%M:%S.%f}' WHERE user_id = 1",
    )

    with open_snapshot(server_shop, load_mapping()) as snapshot:
        table = next(table for table in SYNCED_TABLES if table.name == "users")
        (page,) = snapshot.pages_changed_since(table, watermark)
    assert page.rows["nickname"].to_list() == ["at the edge"]


def test_a_row_dated_2099_does_not_freeze_the_sync(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "UPDATE orders SET updated_at = '2099-01-01' WHERE order_id = 1")
    first = sync_shop(server_shop, store)
    execute(server_shop, "UPDATE orders SET status = 'paid' WHERE order_id = 7")
    execute(server_shop, "UPDATE orders SET status = 'cancelled', updated_at = '2099-01-01' WHERE order_id = 1")

    second = sync_shop(server_shop, store, verify=True)

    assert first.tables["orders"].counts.num_future == 1
    assert datetime.fromisoformat(second.tables["orders"].watermark) <= datetime.now(UTC)
    assert current(store, "orders", "status")[7] == "paid"
    old, new = versions_of(store, "orders", 1)
    assert (old["status"], new["status"]) == ("delivered", "cancelled")
    assert old["known_until"] == new["known_from"] == second.bound
    assert second.is_equal


def test_rows_and_watermark_share_a_commit(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "UPDATE users SET nickname = 'new' WHERE user_id = 1")

    report = sync_shop(server_shop, store)

    commit = store.open("users").history(1)[0]
    assert commit["version"] == report.tables["users"].version == 1
    assert commit["watermark"] == report.tables["users"].watermark == report.bound.isoformat(timespec="microseconds")


def test_a_change_without_updated_at_is_found_and_repaired_by_verify(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "UPDATE products SET price = 99.99, updated_at = updated_at WHERE product_id = 1")

    blind = sync_shop(server_shop, store)
    assert current(store, "products", "price")[1] == Decimal("2.50")
    report = sync_shop(server_shop, store, verify=True)

    verdict = (report.verification or {})["products"]
    assert (verdict.num_differing, verdict.num_repaired, report.is_equal) == (1, 1, True)
    assert blind.tables["products"].version is None
    old, new = versions_of(store, "products", 1)
    assert (new["price"], new["known_from"], old["known_until"]) == (Decimal("99.99"), report.bound, report.bound)


def test_rows_loaded_with_old_dates_are_found(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(
        server_shop,
        "INSERT INTO users (user_id, nickname, created_at, updated_at) VALUES (0, 'old', '2020-01-01', '2020-01-01')",
        "INSERT INTO users (user_id, nickname, created_at, updated_at) VALUES (99, 'old', '2020-01-01', '2020-01-01')",
    )

    sync_shop(server_shop, store)

    assert_equal(server_shop, store)


def test_a_hard_delete_closes_the_row_and_a_revival_opens_it_again(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "DELETE FROM products WHERE product_id = 6")
    gone = sync_shop(server_shop, store)
    assert 6 not in current(store, "products", "title")

    execute(server_shop, "INSERT INTO products (product_id, category_id, title, price) VALUES (6, 3, 'Back', 1)")
    back = sync_shop(server_shop, store)

    assert gone.tables["products"].counts.num_deleted == 1
    assert back.tables["products"].counts.num_revived == 1
    old, new = versions_of(store, "products", 6)
    assert (old["title"], new["title"]) == ("Orange Juice 1 l", "Back")
    assert old["known_until"] == gone.bound < new["known_from"]
    assert_equal(server_shop, store)


def test_a_row_restored_with_its_old_dates_is_revived(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "CREATE TABLE kept AS SELECT * FROM product_reviews", "DELETE FROM product_reviews")
    gone = sync_shop(server_shop, store)
    execute(server_shop, "INSERT INTO product_reviews SELECT * FROM kept")

    sync_shop(server_shop, store)

    assert current(store, "product_reviews", "rating") == {1: 5}
    assert versions_of(store, "product_reviews", 1)[1]["known_from"] > gone.bound
    assert_lives_are_sound(store)


def test_truncate_closes_every_row_once_accepted(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "TRUNCATE product_reviews", "SET foreign_key_checks = 0", "TRUNCATE order_items")

    with pytest.raises(MassDisappearanceError, match=r"order_items: 10 of 10 rows.*--accept-deletes"):
        sync_shop(server_shop, store)
    sync_shop(server_shop, store, options=ANY_DELETES)

    assert current(store, "order_items", "quantity") == {}
    assert_equal(server_shop, store)


def test_changed_keys_close_the_old_row_and_open_the_new(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "UPDATE order_items SET order_item_id = order_item_id + 100, updated_at = updated_at")

    sync_shop(server_shop, store, options=ANY_DELETES)

    assert sorted(current(store, "order_items", "quantity")) == list(range(101, 111))
    assert_equal(server_shop, store)


def test_an_empty_or_wrong_database_deletes_nothing(server_shop: Engine, empty_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    before = store.versions()

    with pytest.raises(MassDisappearanceError, match="order_items: 10 of 10 rows"):
        sync_shop(empty_shop, store)

    assert store.versions() == before
    sync_shop(server_shop, store)
    assert_equal(server_shop, store)


def test_each_run_reads_a_snapshot_of_its_own(server_shop: Engine, store: MLStore) -> None:
    for name in ("one", "two", "three"):
        execute(server_shop, f"UPDATE users SET nickname = '{name}' WHERE user_id = 1")
        sync_shop(server_shop, store)
        assert current(store, "users", "nickname")[1] == name


def test_a_row_read_twice_makes_one_version(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "UPDATE users SET nickname = 'recent' WHERE user_id = 1")
    for _ in range(3):  # each run reads the look-back again
        sync_shop(server_shop, store)

    assert len(versions_of(store, "users", 1)) == 1
