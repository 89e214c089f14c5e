"""The check of a mapping: what it counts and shows, what missing fields cost, which keys and indexes it misses."""

import pytest
from sqlalchemy import Engine

from shop.database import open_engine
from shop.mapping.check import MappingCheck, check_shop
from shop.mapping.model import load_mapping, parse_mapping
from shop.money import Currency

TABLES = (
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name VARCHAR(50), changed DATETIME)",
    "CREATE TABLE thing (sku VARCHAR(36) PRIMARY KEY, label VARCHAR(50) NOT NULL, price DECIMAL(9, 2) NOT NULL)",
    "INSERT INTO person VALUES (1, 'Zoë', '2026-01-01 00:00:00'), (2, 'Ana', '2026-01-02 00:00:00')",
    "INSERT INTO thing VALUES ('6f1c-4e', 'Tea', 2.5)",
)
MAPPING = """
[users]
table = "person"
columns = { user_id = "id", nickname = { column = "name", default = "" }, updated_at = "changed" }
[categories]
select = "SELECT 1 AS id, 'All' AS label"
columns = { category_id = "id", name = "label" }
[products]
select = "SELECT t.*, 1 AS category FROM thing AS t"
columns = { product_id = "sku", category_id = "category", title = "label", price = "price" }
[orders]
select = "SELECT 7 AS id, p.id AS customer, p.changed AS sold FROM person AS p"
columns = { order_id = "id", user_id = "customer", ordered_at = "sold" }
[order_items]
select = "SELECT id, 3 AS product, 1.5 AS price FROM person"
columns = { order_item_id = "id", order_id = "id", product_id = "product", unit_price = "price" }
"""


@pytest.fixture
def report(sqlite_url: str) -> MappingCheck:
    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
    with engine.connect() as connection:
        found = check_shop(connection, parse_mapping(MAPPING, "shop.toml"))
    engine.dispose()
    return found


def costs_of(report: MappingCheck, name: str) -> tuple[str, ...]:
    return next(table.costs for table in report.tables if table.name == name)


def test_amounts_finer_than_the_currency_are_counted(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
    with engine.connect() as connection:
        by_currency = {
            code: costs_of(check_shop(connection, parse_mapping(MAPPING, "shop.toml"), Currency(code)), "order_items")
            for code in ("KRW", "USD")
        }
    engine.dispose()

    line = "unit_price: 2 amounts are finer than 1 KRW (CURRENCY), and rounded to it"
    assert line in by_currency["KRW"]
    assert not any("finer" in each for each in by_currency["USD"])


def test_rows_are_counted_and_shown(report: MappingCheck) -> None:
    text = report.to_text()

    assert (
        "[users] 2 rows\n    user_id=2 nickname=Ana created_at=1970-01-01 00:00:00 updated_at=2026-01-02 00:00:00"
        in text
    )
    assert "[coupons] 0 rows\n  no section: the platform sees none of them" in text


def test_ids_of_text_and_keys_that_stand_twice_are_refused(report: MappingCheck) -> None:
    faults = [fault for table in report.tables for fault in table.faults]

    assert faults == [
        "[products] product_id: '6f1c-4e' is no whole number: for ids of text, such as UUIDs, "
        'write ids = "text" in this section',
        "[orders] order_id: 1 rows have no key, or one that stands on several rows: let it have one row a key",
    ]
    assert not report.is_usable
    assert report.to_text().endswith("2 to correct, then check again")


def test_a_missing_field_says_what_it_costs(report: MappingCheck) -> None:
    costs = costs_of(report, "products")

    assert "no stock: every product counts as in stock: sold-out ones are ranked too" in costs
    (checksums,) = [cost for cost in costs if cost.startswith("no updated_at")]
    assert checksums.startswith(
        "no updated_at: no change column: each sync compares all its rows by checksum, about 0."
    )
    assert checksums.endswith(" s a run")


def test_orders_of_guests_are_counted(tiny_shop: Engine) -> None:
    with tiny_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET user_id = NULL WHERE user_id = 2")

    with tiny_shop.connect() as connection:
        report = check_shop(connection, load_mapping())

    assert costs_of(report, "orders") == (
        "2 orders of guests: their baskets teach what goes together, and make no shopper",
    )
    assert report.is_usable


def test_orders_of_days_to_come_are_counted_and_some_named(tiny_shop: Engine) -> None:
    with tiny_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET ordered_at = '2190-01-01 00:00:00' WHERE user_id = 2")
        connection.exec_driver_sql("UPDATE orders SET ordered_at = '2191-01-01 00:00:00' WHERE order_id = 5")

    with tiny_shop.connect() as connection:
        report = check_shop(connection, load_mapping())

    assert costs_of(report, "orders") == ("2 orders dated in the future, of them 5, 4: each counts from its day on",)
    assert report.is_usable


def test_a_change_column_without_an_index_is_named(report: MappingCheck) -> None:
    assert "no index begins with changed: looking for changes walks the whole table" in costs_of(report, "users")
    assert not any(cost.startswith("no index begins with id") for cost in costs_of(report, "users"))


def test_the_platforms_own_tables_miss_nothing(tiny_shop: Engine) -> None:
    with tiny_shop.connect() as connection:
        report = check_shop(connection, load_mapping())

    assert report.is_usable
    assert {table.name: table.num_rows for table in report.tables}["order_items"] == 10
    assert [cost for table in report.tables for cost in table.costs] == []
    assert report.to_text().endswith("a sync can run")
