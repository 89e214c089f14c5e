"""How other syncs of a shop lose rows: a test for each way, on real MySQL and MariaDB servers. See docs/sync.md."""

from dataclasses import replace
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
from features.sync.source.schema import SchemaDriftError
from features.sync.table_sync import SyncOptions
from features.sync.versioned_table import VersionedTable
from tests.features.shop_writes import assert_equal, assert_lives_are_sound, current, execute, versions_of
from tests.support.database_servers import DatabaseServer

ORDERS = next(table for table in SYNCED_TABLES if table.name == "orders")
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

    with open_snapshot(server_shop) as snapshot:
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

    with open_snapshot(server_shop) as snapshot:
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


def test_time_zones_and_folds_do_not_shift_instants(
    server_shop: Engine, any_server: DatabaseServer, store: MLStore
) -> None:
    fold = ["2025-10-26 00:30:00.000001", "2025-10-26 01:30:00.000001"]  # 02:30 in Berlin, twice
    for key, instant in enumerate(fold, start=1):
        execute(server_shop, f"UPDATE orders SET ordered_at = '{instant}' WHERE order_id = {key}")
    with any_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL time_zone = '+09:00'")
    try:
        report = sync_shop(server_shop, store, verify=True)
    finally:
        with any_server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL time_zone = '+00:00'")

    assert abs(report.bound - datetime.now(UTC)) < timedelta(minutes=5)
    ordered = current(store, "orders", "ordered_at")
    assert [ordered[1], ordered[2]] == [datetime.fromisoformat(instant).replace(tzinfo=UTC) for instant in fold]
    assert report.is_equal


def test_zero_dates_become_null_and_are_counted(server_shop: Engine, store: MLStore) -> None:
    execute(
        server_shop,
        "SET SESSION sql_mode = ''",
        "UPDATE orders SET ordered_at = '0000-00-00 00:00:00', updated_at = updated_at WHERE order_id = 1",
        "UPDATE users SET created_at = '0000-00-00', updated_at = '0000-00-00' WHERE user_id = 3",
        "UPDATE user_coupons SET used_at = '0000-00-00'",
    )

    report = sync_shop(server_shop, store, verify=True)

    assert current(store, "orders", "ordered_at")[1] is None
    assert current(store, "user_coupons", "used_at")[1] is None
    assert [report.tables[name].counts.num_zero_dates for name in ("orders", "users", "user_coupons")] == [1, 2, 1]
    assert versions_of(store, "users", 3)[0]["known_from"] == report.bound
    assert report.is_equal


def test_dates_of_no_calendar_become_null_and_are_counted(server_shop: Engine, store: MLStore) -> None:
    execute(
        server_shop,
        "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
        "UPDATE orders SET ordered_at = '2026-02-31 10:00:00' WHERE order_id = 1",
        "UPDATE orders SET ordered_at = '2024-02-29 10:00:00' WHERE order_id = 2",
        "UPDATE users SET updated_at = '2026-04-31 10:00:00' WHERE user_id = 3",
    )

    report = sync_shop(server_shop, store, verify=True)
    again = sync_shop(server_shop, store, verify=True)

    assert current(store, "orders", "ordered_at")[1] is None
    assert current(store, "orders", "ordered_at")[2] == datetime(2024, 2, 29, 10, tzinfo=UTC)
    assert [report.tables[name].counts.num_zero_dates for name in ("orders", "users")] == [1, 1]
    assert report.is_equal
    assert again.is_equal
    assert not any(table.counts.num_ranges_differing for table in again.tables.values())


def test_values_are_compared_and_not_their_spelling(server_shop: Engine, store: MLStore) -> None:
    execute(
        server_shop,
        "ALTER TABLE products MODIFY stock INT(10) ZEROFILL NOT NULL, MODIFY price DECIMAL(12, 2) ZEROFILL NOT NULL",
        "ALTER TABLE products DROP CONSTRAINT ck_products_is_visible_boolean",
        "UPDATE products SET is_visible = 5 WHERE product_id = 1",
    )

    report = sync_shop(server_shop, store, verify=True)

    assert not any(verdict.num_differing for verdict in (report.verification or {}).values())
    assert current(store, "products", "is_visible")[1] is True
    assert current(store, "products", "price")[1] == Decimal("2.50")


ODD_TEXTS = [
    "🌸 Zoë", "e\u0301 is not é", 'a "quoted", text', "line\nbreak\r", "back\\slash\\", "nul\x00nul", "", " ",
    "\\N", "NULL", "'; --", "Zoe", "ZOE", "100 %s", "\ufeffbom", "\u2028",
]  # fmt: skip


def test_odd_text_comes_through_byte_for_byte(any_empty_shop: Engine, store: MLStore) -> None:
    with any_empty_shop.begin() as connection:
        rows = [{"key": key, "name": name} for key, name in enumerate(ODD_TEXTS, start=1)]
        connection.execute(text("INSERT INTO users (user_id, nickname) VALUES (:key, :name)"), rows)

    report = sync_shop(any_empty_shop, store, verify=True)

    assert current(store, "users", "nickname") == dict(enumerate(ODD_TEXTS, start=1))
    assert report.is_equal


def test_text_of_a_shop_with_the_servers_default_collation_comes_through(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4")
    with server_shop.begin() as connection:
        rows = [{"key": key, "name": name} for key, name in enumerate(ODD_TEXTS, start=101)]
        connection.execute(text("INSERT INTO users (user_id, nickname) VALUES (:key, :name)"), rows)

    report = sync_shop(server_shop, store, verify=True)
    execute(server_shop, "UPDATE users SET nickname = 'zoé', updated_at = updated_at WHERE nickname = 'ZOE'")
    repaired = sync_shop(server_shop, store, verify=True)

    assert report.is_equal
    assert repaired.is_equal
    assert_equal(server_shop, store)


def test_missing_text_and_empty_text_stay_apart(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "UPDATE products SET brand = '' WHERE product_id = 1")
    execute(server_shop, "UPDATE products SET brand = NULL WHERE product_id = 2")

    report = sync_shop(server_shop, store, verify=True)

    assert (current(store, "products", "brand")[1], current(store, "products", "brand")[2]) == ("", None)
    assert report.is_equal


AMOUNTS = [
    "0", "1", "29900", "9999999999",  # won and yen
    "0.01", "0.10", "0.29", "1.15", "4503599627.37", "9999999999.99",
    "0.001", "1.255", "0.125", "1.005", "4503599627.371", "9999999999.999",  # dinars
]  # fmt: skip


@pytest.mark.parametrize("scale", [0, 1, 2, 3])
def test_money_of_a_shop_with_other_decimals_crosses(server_shop: Engine, store: MLStore, scale: int) -> None:
    execute(server_shop, f"ALTER TABLE products MODIFY price DECIMAL({10 + scale}, {scale}) NOT NULL DEFAULT 0")
    execute(server_shop, f"UPDATE products SET price = {'9' * (9 + scale)}e-{scale} WHERE product_id = 1")

    report = sync_shop(server_shop, store, verify=True)

    assert not any(verdict.num_differing for verdict in (report.verification or {}).values())
    assert current(store, "products", "price")[1] == Decimal("9" * (9 + scale)).scaleb(-scale)


def test_money_is_exact(any_empty_shop: Engine, store: MLStore) -> None:
    amounts = [Decimal(amount) for amount in AMOUNTS]
    execute(any_empty_shop, "INSERT INTO categories (category_id, name) VALUES (1, 'c')")
    for key, amount in enumerate(amounts, start=1):
        execute(
            any_empty_shop,
            f"INSERT INTO products (product_id, category_id, title, price) VALUES ({key}, 1, 't', {amount})",
        )

    report = sync_shop(any_empty_shop, store, verify=True)

    assert report.is_equal
    assert not any(verdict.num_differing for verdict in (report.verification or {}).values())
    assert current(store, "products", "price") == dict(enumerate(amounts, start=1))
    assert_equal(any_empty_shop, store)


def test_big_ids_stay_distinct(server_shop: Engine, store: MLStore) -> None:
    keys = [2**24, 2**24 + 1, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
    for key in keys:
        execute(server_shop, f"INSERT INTO users (user_id, nickname) VALUES ({key}, '{key}')")

    report = sync_shop(server_shop, store, verify=True)

    nicknames = current(store, "users", "nickname")
    assert [nicknames[key] for key in keys] == [str(key) for key in keys]
    assert report.is_equal


def test_an_extra_column_is_a_warning(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "ALTER TABLE users ADD COLUMN shoe_size INT")

    report = sync_shop(server_shop, store)

    assert report.warnings == ["users has columns that do not cross: shoe_size"]
    assert_equal(server_shop, store)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("ALTER TABLE orders DROP COLUMN total_amount", "orders.total_amount is missing"),
        ("ALTER TABLE products CHANGE title name VARCHAR(500) NOT NULL", "products.title is missing"),
        ("ALTER TABLE order_items MODIFY unit_price DOUBLE NOT NULL", "order_items.unit_price should hold money"),
        ("ALTER TABLE order_items MODIFY unit_price DECIMAL(12, 4) NOT NULL", "unit_price should hold money"),
        ("ALTER TABLE users MODIFY nickname VARBINARY(400) NOT NULL", "users.nickname should hold text"),
        ("ALTER TABLE users MODIFY created_at DATE NOT NULL", "users.created_at should hold instant"),
        ("ALTER TABLE users MODIFY nickname VARCHAR(100) NULL", "users.nickname may be NULL now"),
        ("ALTER TABLE events DROP PRIMARY KEY, ADD INDEX (event_id)", "events.event_id is not the primary key"),
        ("DROP TABLE user_coupons", "table user_coupons is missing"),
    ],
)  # fmt: skip
def test_a_changed_schema_stops_the_run_before_the_first_write(
    server_shop: Engine, store: MLStore, change: str, message: str
) -> None:
    sync_shop(server_shop, store)
    before = store.versions()
    execute(server_shop, "UPDATE categories SET name = 'new' WHERE category_id = 1", change)

    with pytest.raises(SchemaDriftError, match=message):
        sync_shop(server_shop, store)

    assert store.versions() == before


def test_a_row_read_twice_makes_one_version(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "UPDATE users SET nickname = 'recent' WHERE user_id = 1")
    for _ in range(3):  # each run reads the look-back again
        sync_shop(server_shop, store)

    assert len(versions_of(store, "users", 1)) == 1


def test_orphans_wait_unseen_until_their_parent_comes(server_shop: Engine, store: MLStore) -> None:
    execute(
        server_shop,
        "SET SESSION foreign_key_checks = 0",
        "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price) VALUES (50, 77, 1, 1, 1)",
        "INSERT INTO orders (order_id, user_id, ordered_at, total_amount) VALUES (77, 88, '2026-01-05', 1)",
    )
    waiting = sync_shop(server_shop, store, verify=True)
    assert [waiting.tables[name].counts.num_quarantined for name in ("orders", "order_items")] == [1, 1]
    assert 50 not in current(store, "order_items", "quantity")
    assert waiting.is_equal

    execute(server_shop, "INSERT INTO users (user_id, nickname) VALUES (88, 'parent')")
    released = sync_shop(server_shop, store, verify=True)

    assert [released.tables[name].counts.num_quarantined for name in ("orders", "order_items")] == [0, 0]
    assert current(store, "order_items", "quantity")[50] == 1
    assert released.is_equal
    assert_lives_are_sound(store)


def test_an_orphan_that_is_deleted_or_changed_while_it_waits_is_followed(server_shop: Engine, store: MLStore) -> None:
    values = "(50, 77, 1, 1, 1), (51, 78, 1, 1, 1)"
    execute(
        server_shop,
        "SET SESSION foreign_key_checks = 0",
        f"INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price) VALUES {values}",
    )
    sync_shop(server_shop, store)
    execute(
        server_shop,
        "SET SESSION foreign_key_checks = 0",
        "DELETE FROM order_items WHERE order_item_id = 50",
        "UPDATE order_items SET order_id = 1 WHERE order_item_id = 51",
    )

    report = sync_shop(server_shop, store, verify=True)

    assert report.tables["order_items"].counts.num_quarantined == 0
    assert 51 in current(store, "order_items", "quantity")
    assert report.is_equal


def test_history_of_a_deleted_parent_stays(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "SET SESSION foreign_key_checks = 0", "DELETE FROM products WHERE product_id = 5")

    report = sync_shop(server_shop, store)

    assert report.tables["order_items"].counts.num_quarantined == 0
    assert 8 in current(store, "order_items", "quantity")


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
    monkeypatch.setattr("features.sync.versioned_table.FILE_ROWS", 2)
    monkeypatch.setattr("features.sync.stored_rows.RANGE_ROWS", 2)
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
    monkeypatch.setattr("features.sync.versioned_table.FILE_ROWS", 2)
    monkeypatch.setattr("features.sync.stored_rows.RANGE_ROWS", 2)
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
