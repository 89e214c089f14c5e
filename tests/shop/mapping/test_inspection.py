"""What of a shop a mapping cannot be used on, by section and column, all at once."""

import pytest
from sqlalchemy import Engine

from shop.database import open_engine
from shop.mapping.inspection import inspect_shop
from shop.mapping.model import parse_mapping

TABLES = (
    "CREATE TABLE customer (id INT PRIMARY KEY, name VARBINARY(50), seen TIMESTAMP NOT NULL)",
    "CREATE TABLE item (id INT NOT NULL, label VARCHAR(50) NULL, price DOUBLE NOT NULL, department VARCHAR(9))",
    "CREATE TABLE receipt (id INT PRIMARY KEY, customer INT NULL, sold DATETIME(6), total DECIMAL(19, 4) NOT NULL)",
)
MAPPING = """
[users]
table = "customer"
time_zone = "Asia/Seoul"
columns = { user_id = "id", nickname = "name", created_at = "seen" }
[categories]
table = "department"
columns = { category_id = "id", name = "label" }
[products]
table = "item"
columns = { product_id = "id", category_id = "department", title = "label", price = "price", brand = "marque" }
[orders]
select = "SELECT id, customer, sold, total, id + 0.5 AS half FROM receipt"
columns = { order_id = "id", user_id = "half", ordered_at = "sold", total_amount = "total", updated_at = "changed" }
[order_items]
select = "SELECT nothing FROM receipt"
columns = { order_item_id = "id", order_id = "id", product_id = "id", unit_price = "id" }
"""
CORRECT = """
[users]
table = "customer"
columns = { user_id = "id", created_at = "seen" }
[categories]
select = "SELECT 1 AS id, 'All' AS label"
columns = { category_id = "id", name = "label" }
[products]
table = "item"
where = "price > 0"
columns.product_id = "id"
columns.category_id = { column = "department", values = { food = 1 }, otherwise = 2 }
columns.title = { column = "label", default = "?" }
columns.price = { column = "price", money = "rounded" }
[orders]
select = "SELECT id, customer, sold, CAST(total AS DECIMAL(12, 2)) AS total FROM receipt"
columns = { order_id = "id", user_id = "customer", ordered_at = "sold", total_amount = "total" }
[order_items]
select = "SELECT id, total FROM receipt"
money = "rounded"
[order_items.columns]
order_item_id = "id"
order_id = "id"
product_id = "id"
unit_price = "total"
quantity = { column = "total", rounded = true }
"""


@pytest.fixture
def shop(any_server_url: str) -> Engine:
    engine = open_engine(any_server_url)
    with engine.begin() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
    return engine


def inspect(engine: Engine, text: str) -> tuple[list[str], list[str]]:
    with engine.connect() as connection:
        found = inspect_shop(connection, parse_mapping(text, "shop.toml"))
    engine.dispose()
    return found


def test_everything_wrong_is_named_by_section_and_column(shop: Engine) -> None:
    faults, _warnings = inspect(shop, MAPPING)

    expected = [
        "[categories] table department is missing",
        "[users] customer.name should hold text, but is VARBINARY",
        "[users] customer.seen is a TIMESTAMP, which the server gives in UTC",
        "[products] item.department should hold integer, but is VARCHAR",
        "[products] item.label may be NULL: give it a `default` in the mapping",
        "[products] item.marque is missing",
        "[products] item.price should hold money, but is DOUBLE",
        "[products] item.id is not the primary key, nor unique",
        "[orders] user_id: half should hold integer: CAST it in the select",
        "[orders] total_amount: total should hold money: CAST it in the select",
        "[orders] updated_at: the select has no column changed",
        "[order_items] select: error 1054, Unknown column 'nothing' in",
    ]
    assert [one for one in expected if not any(fault.startswith(one) for fault in faults)] == []
    assert len(faults) == len(expected), faults
    [named] = [fault for fault in faults if "item.department" in fault]
    assert named.endswith('write ids = "text" in [categories]')


def test_what_the_mapping_says_makes_columns_fit(shop: Engine) -> None:
    faults, warnings = inspect(shop, CORRECT)

    assert faults == []
    assert warnings == ["customer has columns that do not cross: name"]


def test_whole_numbers_as_money_are_cents_or_units_as_the_mapping_says(shop: Engine) -> None:
    faults, _warnings = inspect(shop, CORRECT.replace('{ column = "price", money = "rounded" }', '"id"'))

    [named] = faults
    assert "item.id should hold money" in named
    assert named.endswith('say money = "cents", or "rounded" where it is whole units, such as won')
