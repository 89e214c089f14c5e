"""SQL of a mapping on each database: units, zones, translated values, absent fields, the shop's indexes."""

from typing import Any

import pytest
from sqlalchemy import Engine

from shop.database import open_engine
from shop.mapping.model import ShopMapping, load_mapping, parse_mapping
from shop.mapping.select import build_sources
from shop.migrate import migrate
from tests.support.tiny_shop import fill_tiny_shop

TABLES = (
    "CREATE TABLE customer (id INTEGER PRIMARY KEY, joined DATETIME, `select` VARCHAR(50))",
    "CREATE TABLE receipt (id INTEGER PRIMARY KEY, customer_id INTEGER, sold_at DATETIME, state VARCHAR(9), cents INT)",
    "INSERT INTO customer VALUES (1, '2026-01-01 08:59:59', 'Zoë 100% :x'), (2, '2026-07-01 00:00:00', NULL)",
    "INSERT INTO receipt VALUES (7, 1, '2026-10-25 02:30:00', 'DONE', 1999), (8, 2, '2026-10-25 03:30:00', 'done', 5), "
    "(9, 2, '2026-03-29 01:59:59', 'void', 0), (10, 2, '2026-03-29 03:00:00', '한\\\\''x', 7)",
)
MAPPING = """
[users]
table = "customer"
time_zone = "Asia/Seoul"
columns = { user_id = "id", nickname = { column = "select", default = "it's \\\\ %s :y" }, created_at = "joined" }
[categories]
select = "SELECT 3 AS `id`, '10%:ab;' AS label"
columns = { category_id = "id", name = "label" }
[products]
table = "receipt"
where = "state LIKE '%one' AND 'a:b' <> ':b'"
columns = { product_id = "id", category_id = { value = 3 }, title = "state", price = "cents" }
[orders]
select = "SELECT r.*, r.id + 0 AS number FROM receipt AS r JOIN customer AS c ON c.id = r.customer_id"
time_zone = "Europe/Berlin"
money = "cents"
[orders.columns]
order_id = "number"
user_id = { column = "customer_id", blanks = [0, -1] }
ordered_at = "sold_at"
total_amount = "cents"
status = { column = "state", values = { done = "paid", "한\\\\'x" = "shipped" }, otherwise = "cancelled" }
[order_items]
table = "receipt"
columns = { order_item_id = "id", order_id = "id", product_id = "id", unit_price = "cents" }
"""


@pytest.fixture
def foreign_shop(any_shop_url: str) -> Any:
    """A shop with tables of its own on each of the three databases in turn."""
    engine = open_engine(any_shop_url)
    with engine.begin() as connection:
        for statement in TABLES:
            is_sqlite = engine.dialect.name == "sqlite"
            connection.exec_driver_sql(statement.replace("\\\\", "\\") if is_sqlite else statement.replace("%", "%%"))
    yield engine
    engine.dispose()


def read(engine: Engine, mapping: ShopMapping, table: str, *fields: str) -> list[tuple[str, ...]]:
    source = build_sources(mapping, engine.dialect.name)[table].sql
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT {', '.join(fields)} FROM {source} ORDER BY 1").all()
    return [tuple(_plain(value) for value in row) for row in found]


def _plain(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value).removesuffix(".000000")


@pytest.fixture
def mapping(foreign_shop: Engine) -> ShopMapping:
    text = MAPPING if foreign_shop.dialect.name != "sqlite" else MAPPING.replace("r.id + 0", "CAST(r.id AS INTEGER)")
    return parse_mapping(text, "shop.toml")


def test_local_times_become_utc(foreign_shop: Engine, mapping: ShopMapping) -> None:
    assert read(foreign_shop, mapping, "users", "user_id", "created_at") == [
        ("1", "2025-12-31 23:59:59"),
        ("2", "2026-06-30 15:00:00"),
    ]
    assert read(foreign_shop, mapping, "orders", "order_id", "ordered_at", "created_at") == [
        ("7", "2026-10-25 00:30:00", "2026-10-25 00:30:00"),
        ("8", "2026-10-25 02:30:00", "2026-10-25 02:30:00"),
        ("9", "2026-03-29 00:59:59", "2026-03-29 00:59:59"),
        ("10", "2026-03-29 01:00:00", "2026-03-29 01:00:00"),
    ]


def test_cents_become_decimals(foreign_shop: Engine, mapping: ShopMapping) -> None:
    amounts = read(foreign_shop, mapping, "orders", "order_id", "total_amount")

    assert [float(amount) for _key, amount in amounts] == [19.99, 0.05, 0.0, 0.07]


def test_weights_become_pieces_and_are_never_nothing(foreign_shop: Engine) -> None:
    weights = ("0.4", "1.5", "-0.25", "-2.5", "0", "NULL")
    rows = " UNION ALL ".join(f"SELECT {key} AS id, {weight} AS weight" for key, weight in enumerate(weights))
    text = (
        MAPPING.partition("[order_items]")[0]
        + f"""
[order_items]
select = "{rows}"
columns.order_item_id = "id"
columns.order_id = "id"
columns.product_id = "id"
columns.unit_price = {{ value = 1 }}
columns.quantity = {{ column = "weight", rounded = true, default = 1 }}
"""
    )

    pieces = read(foreign_shop, parse_mapping(text, "shop.toml"), "order_items", "order_item_id", "quantity")

    assert [quantity for _key, quantity in pieces] == ["1", "2", "-1", "-3", "0", "1"]


def test_values_are_translated_byte_by_byte(foreign_shop: Engine, mapping: ShopMapping) -> None:
    assert read(foreign_shop, mapping, "orders", "order_id", "status") == [
        ("7", "cancelled"),
        ("8", "paid"),
        ("9", "cancelled"),
        ("10", "shipped"),
    ]


def test_blanks_are_no_values(foreign_shop: Engine, mapping: ShopMapping) -> None:
    with foreign_shop.begin() as connection:
        connection.exec_driver_sql("INSERT INTO customer VALUES (0, NULL, NULL), (-1, NULL, NULL)")
        connection.exec_driver_sql("UPDATE receipt SET customer_id = id - 10 WHERE id > 8")

    assert read(foreign_shop, mapping, "orders", "order_id", "user_id") == [
        ("7", "1"),
        ("8", "2"),
        ("9", "None"),
        ("10", "None"),
    ]


def test_odd_text_stays_as_it_is(foreign_shop: Engine, mapping: ShopMapping) -> None:
    assert [name for _key, name in read(foreign_shop, mapping, "users", "user_id", "nickname")] == [
        "Zoë 100% :x",
        "it's \\ %s :y",
    ]
    assert read(foreign_shop, mapping, "categories", "category_id", "name") == [("3", "10%:ab;")]


def test_where_leaves_rows_out(foreign_shop: Engine, mapping: ShopMapping) -> None:
    assert [key for key, _state in read(foreign_shop, mapping, "products", "product_id", "title")] in (
        ["7", "8"],
        ["8"],
    )


def test_what_a_shop_lacks_has_its_stand_in(foreign_shop: Engine, mapping: ShopMapping) -> None:
    assert read(foreign_shop, mapping, "products", "product_id", "stock", "is_visible", "brand", "created_at")[-1] == (
        "8", "1", "1", "None", "1970-01-01 00:00:00",
    )  # fmt: skip
    assert read(foreign_shop, mapping, "coupons", "coupon_id", "valid_from") == []


def test_a_source_has_another_fingerprint_when_it_means_something_else() -> None:
    today = build_sources(parse_mapping(MAPPING, "shop.toml"), "mysql")
    other = build_sources(parse_mapping(MAPPING.replace('"cents"\n[orders.', '"decimals"\n[orders.'), "x"), "mysql")

    changed = [name for name in today if today[name].fingerprint != other[name].fingerprint]

    assert changed == ["orders"]


@pytest.mark.parametrize(("table", "key"), [("users", "user_id"), ("order_items", "order_item_id")])
@pytest.mark.parametrize(
    ("condition", "index"), [("{key} > 5", "PRIMARY"), ("updated_at >= '2026-01-01'", "ix_{table}_updated_at_{key}")]
)
def test_the_shops_own_indexes_serve(any_server_url: str, table: str, key: str, condition: str, index: str) -> None:
    """A derived table that the server would materialise could not use them."""
    source = build_sources(load_mapping(), "mysql")[table].sql
    engine = open_engine(any_server_url)
    migrate(engine)
    fill_tiny_shop(engine)

    with engine.connect() as connection:
        plan = connection.exec_driver_sql(
            f"EXPLAIN FORMAT=TRADITIONAL SELECT {key} FROM {source} WHERE {condition.format(key=key)}"
        ).all()

    assert [row.table for row in plan] == [table]
    assert index.format(table=table, key=key) in plan[0].possible_keys
    engine.dispose()
