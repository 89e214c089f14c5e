"""Values across hop 1: instants, flags, numbers, texts, money and ids mean in the store what they mean in the shop."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from tests.features.shop_writes import assert_equal, current, execute, versions_of
from tests.support.database_servers import DatabaseServer


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
