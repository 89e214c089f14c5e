"""Rows that the platform does not see: left out by name and counted, or waiting for a parent."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from shop.database import open_engine
from shop.mapping.canonical import CANONICAL_TABLES
from shop.mapping.inspection import inspect_shop
from shop.mapping.model import parse_mapping
from shop.mapping.select import build_sources
from shop.mapping.unseen_rows import count_left_out, count_waiting

TABLES = (
    "CREATE TABLE person (id INTEGER PRIMARY KEY)",
    "CREATE TABLE receipt (id INTEGER PRIMARY KEY, person INTEGER, note VARCHAR(20), sold DATETIME NOT NULL)",
    "INSERT INTO person VALUES (1), (2)",
    "INSERT INTO receipt VALUES (1, 1, NULL, '2026-01-01'), (2, 0, 'till 10%: a', '2026-01-01'), "
    "(3, NULL, 'till 10%: a', '2026-01-01'), (4, 2, 'test', '2026-01-01'), (5, 77, '', '2026-01-01')",
)
MAPPING = """
variables = { till = "till 10%: a" }
[users]
table = "person"
columns = { user_id = "id" }
[categories]
select = "SELECT 1 AS id, 'All' AS label"
columns = { category_id = "id", name = "label" }
[products]
select = "SELECT 3 AS id, 1 AS category, 'Tea' AS label, 1 AS price"
columns = { product_id = "id", category_id = "category", title = "label", price = "price" }
[orders]
table = "receipt"
where = "note IS NULL OR note <> 'test'"
left_out = { guests = "person = 0 OR person IS NULL", "the till's" = "note = '{till}'", nobody = "note = 'x'" }
columns = { order_id = "id", user_id = "person", ordered_at = "sold" }
[order_items]
select = "SELECT id, id AS number, 3 AS product, 1 AS price FROM receipt"
columns = { order_item_id = "id", order_id = "number", product_id = "product", unit_price = "price" }
"""
ORDERS = next(table for table in CANONICAL_TABLES if table.name == "orders")


@pytest.fixture
def connection(any_shop_url: str) -> Iterator[Connection]:
    """A shop with tables of its own on each of the three databases in turn."""
    engine = open_engine(any_shop_url)
    with engine.begin() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement if engine.dialect.name == "sqlite" else statement.replace("%", "%%"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_rows_are_left_out_for_a_reason_and_counted_by_it(connection: Connection) -> None:
    mapping = parse_mapping(MAPPING, "shop.toml")
    source = build_sources(mapping, connection.dialect.name)["orders"].sql

    keys = connection.exec_driver_sql(f"SELECT order_id FROM {source} ORDER BY order_id").scalars().all()

    assert keys == [1, 5]
    assert count_left_out(connection, mapping.sections["orders"]) == {"guests": 2, "the till's": 2, "nobody": 0}
    assert count_left_out(connection, mapping.sections["users"]) == {}


def test_rows_without_their_parent_are_counted(connection: Connection) -> None:
    sources = build_sources(parse_mapping(MAPPING, "shop.toml"), connection.dialect.name)

    assert count_waiting(connection, ORDERS, sources, {"users"}) == {"user_id": 1}
    assert count_waiting(connection, ORDERS, sources, set()) == {}


def test_a_condition_that_the_database_cannot_read_is_named(connection: Connection) -> None:
    text = MAPPING.replace("person = 0", "persn = 0").replace("note IS NULL", "note IS ''")

    faults, _warnings = inspect_shop(connection, parse_mapping(text, "shop.toml"))

    assert any(fault.startswith("[orders] left_out 'guests': ") and "persn" in fault for fault in faults), faults
    assert connection.dialect.name == "sqlite" or any(fault.startswith("[orders] where: ") for fault in faults), faults


def test_a_variable_that_a_condition_lacks_is_named() -> None:
    with pytest.raises(ValueError, match=r"\[orders\] uses \{till\}, which \[variables\] does not have"):
        parse_mapping(MAPPING.replace("till =", "tills ="), "shop.toml")
