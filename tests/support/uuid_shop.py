"""A Korean shop whose ids are UUIDs, SKUs that differ by case and blanks alone, and lines keyed by two columns."""

from collections.abc import Mapping
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from shop.mapping.id_map import IdMap

MAPPING = """
ids = "text"

[categories]
table = "shelves"
columns = { category_id = "code", name = "name" }

[users]
table = "shoppers"
columns = { user_id = "id", nickname = "name" }

[products]
table = "goods"
[products.columns]
product_id = "sku"
family_id = "family"
category_id = "shelf"
title = "name"
price = "price"
updated_at = "changed"

[orders]
table = "sales"
columns = { order_id = "id", user_id = "shopper", ordered_at = "placed" }

[order_items]
table = "sale_lines"
[order_items.columns]
order_item_id = ["sale", "line"]
order_id = "sale"
product_id = "sku"
quantity = "n"
unit_price = "price"
"""

SCHEMA = (
    "CREATE TABLE shelves (code VARCHAR(20) NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL)",
    "CREATE TABLE shoppers (id {binary} NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL)",
    "CREATE TABLE goods (sku VARCHAR(60) NOT NULL PRIMARY KEY, shelf VARCHAR(20) NOT NULL, name VARCHAR(60) NOT NULL, "
    "price DECIMAL(10,0) NOT NULL, changed DATETIME NOT NULL, family VARCHAR(60))",
    "CREATE TABLE sales (id CHAR(36) NOT NULL PRIMARY KEY, shopper {binary}, placed DATETIME NOT NULL)",
    "CREATE TABLE sale_lines (sale CHAR(36) NOT NULL, line VARCHAR(10) NOT NULL, sku VARCHAR(60) NOT NULL, "
    "n INT NOT NULL, price DECIMAL(10,0) NOT NULL, PRIMARY KEY (sale, line))",
)

ALIKE = ("A", "a", "a ", "0012", "12", "12/3", "녹차", "18446744073709551615")
LINES = ("1", "2/a", "~1", "~01")

FIELDS: dict[str, dict[str, str | None]] = {
    "categories": {"category_id": "categories", "name": None},
    "users": {"user_id": "users", "nickname": None},
    "products": {
        "product_id": "products",
        "family_id": "products",
        "category_id": "categories",
        "title": None,
        "price": None,
    },
    "orders": {"order_id": "orders", "user_id": "users"},
    "order_items": {"order_item_id": "order_items", "order_id": "orders", "product_id": "products", "quantity": None},
}
"""What is held against the shop: fields of each canonical table, with the kind of id that they are."""

_OF_THE_SHOP = {
    "categories": "SELECT code, name FROM shelves",
    "users": "SELECT LOWER(HEX(id)), name FROM shoppers",
    "products": "SELECT sku, family, shelf, name, price FROM goods",
    "orders": "SELECT id, NULLIF(LOWER(HEX(shopper)), '') FROM sales",
    "order_items": "SELECT sale, line, sku, n FROM sale_lines",
}

Rows = dict[str, set[tuple[Any, ...]]]


def fill_uuid_shop(engine: Engine) -> None:
    """Make the shop's tables and its first rows."""
    options, binary = "", "BLOB"
    if engine.dialect.name != "sqlite":
        with engine.connect():
            collation = "utf8mb4_nopad_bin" if engine.dialect.is_mariadb else "utf8mb4_0900_bin"  # type: ignore[attr-defined]
        options, binary = f" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}", "BINARY(16)"
    chance = Random(1)
    execute(
        engine,
        *(statement.format(binary=binary) + options for statement in SCHEMA),
        *(f"INSERT INTO shelves VALUES ('{code}', '선반 {code}')" for code in ("T1", "t1")),
        *(f"INSERT INTO shoppers VALUES ({write_uuid(number)}, '손님 {number}')" for number in range(4)),
        *(add_ware(sku, "T1" if at % 2 else "t1", 1000 * at) for at, sku in enumerate(ALIKE)),
        "UPDATE goods SET family = 'A' WHERE sku IN ('A', 'a', '12')",
        *(one for number in range(12) for one in add_sale(number, chance)),
    )


def write_uuid(number: int) -> str:
    """Write a shopper's id as SQL."""
    return f"X'{UUID(int=number * 7 + 1, version=4).hex}'"


def add_ware(sku: str, shelf: str, price: int) -> str:
    """Write the statement that adds a product."""
    return f"INSERT INTO goods VALUES ('{sku}', '{shelf}', '제품 {sku}', {price}, '2026-03-01 00:00:00', NULL)"


def add_sale(number: int, chance: Random) -> list[str]:
    """Write the statements that add an order, every third one of a guest, and its lines."""
    sale = str(UUID(int=number + 1, version=4))
    shopper = "NULL" if number % 3 == 0 else write_uuid(number % 4)
    return [
        f"INSERT INTO sales VALUES ('{sale}', {shopper}, '2026-03-{number % 28 + 1:02d} 12:00:00')",
        *(
            f"INSERT INTO sale_lines VALUES ('{sale}', '{line}', '{chance.choice(ALIKE)}', {chance.randrange(1, 4)}, 9)"
            for line in LINES[: chance.randrange(1, 5)]
        ),
    ]


def change_something(chance: Random) -> list[str]:
    """Return the statements of one random thing that the shop does."""
    sku, number = chance.choice(ALIKE), chance.randrange(100, 10**6)
    return chance.choice(
        [
            [
                f"UPDATE goods SET name = '새 제품 {number}', price = {number}, changed = CURRENT_TIMESTAMP "
                f"WHERE sku = '{sku}'"
            ],
            [add_ware(f"{chance.choice(('N', 'n'))}{number}", "t1", number)],
            ["DELETE FROM goods WHERE sku LIKE 'N%'"],
            add_sale(number, chance),
            ["DELETE FROM sale_lines WHERE line = '~1'"],
            [f"UPDATE sales SET shopper = {write_uuid(number % 4)} WHERE shopper IS NULL"],
            [f"UPDATE shelves SET name = '진열 {number}' WHERE code = 'T1'"],
        ]
    )


def execute(engine: Engine, *statements: str) -> None:
    """Run statements in one transaction."""
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%") if engine.dialect.name != "sqlite" else statement)


def read_shop(engine: Engine) -> Rows:
    """Read what the platform should see, under the shop's own ids."""
    with engine.connect() as connection:
        found = {table: {tuple(row) for row in connection.exec_driver_sql(sql)} for table, sql in _OF_THE_SHOP.items()}
    found["order_items"] = {(f"{sale}/{_escape(line)}", sale, *rest) for sale, line, *rest in found["order_items"]}
    return found


def name_rows(ids: IdMap, rows: Mapping[str, list[dict[str, Any]]]) -> Rows:
    """Put the shop's own ids in the places of their numbers, in what a copy or a store has."""
    named: Rows = {}
    for table, fields in FIELDS.items():
        columns = []
        for name, kind in fields.items():
            values = [row[name] for row in rows[table]]
            texts = ids.texts_of(kind, {value for value in values if value is not None}) if kind else {}
            columns.append([value if kind is None or value is None else texts[value] for value in values])
        named[table] = set(zip(*columns, strict=True))
    return named


def read_copy(platform: Engine) -> Rows:
    """Read the copy, under the shop's own ids."""
    with platform.connect() as connection:
        rows = {
            table: [
                dict(row) for row in connection.exec_driver_sql(f"SELECT {', '.join(fields)} FROM {table}").mappings()
            ]
            for table, fields in FIELDS.items()
        }
    return name_rows(IdMap(platform), rows)


def _escape(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")
