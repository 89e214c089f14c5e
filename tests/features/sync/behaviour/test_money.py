"""Amounts of a mapped shop that are finer than its currency: the store and the copy of pages hold the same, exactly."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.catalogue.copier import CatalogueCopier
from shop.catalogue.source import ShopSource
from shop.database import open_engine
from shop.mapping.id_map import IdMap
from shop.mapping.model import parse_mapping
from shop.migrate import PLATFORM, migrate
from shop.money import Currency
from shop.tables import DECLARED

MAPPING = parse_mapping(
    """
    money = "rounded"
    categories = { table = "shelf", columns = { category_id = "id", name = "name" } }
    users = { table = "person", columns = { user_id = "id", nickname = "name" } }
    orders = { table = "sale", columns = { order_id = "id", user_id = "person", ordered_at = "at" } }
    [products]
    table = "ware"
    columns = { product_id = "id", category_id = "shelf", title = "name", price = "price" }
    [order_items]
    table = "line"
    columns = { order_item_id = "id", order_id = "sale", product_id = "ware", unit_price = "price" }
    """,
    "fine.toml",
)
SCHEMA = (
    "CREATE TABLE shelf (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL)",
    "CREATE TABLE person (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL)",
    "CREATE TABLE ware (id BIGINT NOT NULL PRIMARY KEY, shelf BIGINT NOT NULL, name VARCHAR(20) NOT NULL, "
    "price DECIMAL(26,8) NOT NULL)",
    "CREATE TABLE sale (id BIGINT NOT NULL PRIMARY KEY, person BIGINT, at DATETIME NOT NULL)",
    "CREATE TABLE line (id BIGINT NOT NULL PRIMARY KEY, sale BIGINT NOT NULL, ware BIGINT NOT NULL, "
    "price DECIMAL(26,8) NOT NULL)",
)
AMOUNTS = {
    "12.345678": {"USD": "12.35", "KRW": "12", "KWD": "12.346"},
    "2.675": {"USD": "2.68", "KRW": "3", "KWD": "2.675"},
    "1.005": {"USD": "1.01", "KRW": "1", "KWD": "1.005"},
    "0.5": {"USD": "0.5", "KRW": "1", "KWD": "0.5"},
    "0.00499999": {"USD": "0", "KRW": "0", "KWD": "0.005"},
    "9999999999.494": {"USD": "9999999999.49", "KRW": "9999999999", "KWD": "9999999999.494"},
    "-4.445": {"USD": "-4.45", "KRW": "-4", "KWD": "-4.445"},
}
"""Amounts as the shop has them, and what can be charged of each."""


@pytest.fixture
def shop(any_shop_url: str) -> Iterator[Engine]:
    """A shop that keeps eight decimals, on each kind of database, with one product and one line an amount."""
    engine = open_engine(any_shop_url)
    with engine.begin() as connection:
        for statement in (
            *SCHEMA,
            "INSERT INTO shelf VALUES (1, 'Tea')",
            "INSERT INTO person VALUES (1, 'Ada')",
            "INSERT INTO sale VALUES (1, 1, '2026-03-01 12:00:00')",
            *(f"INSERT INTO ware VALUES ({at}, 1, 'Tea', {amount})" for at, amount in enumerate(AMOUNTS, 1)),
            *(f"INSERT INTO line VALUES ({at}, 1, 1, {amount})" for at, amount in enumerate(AMOUNTS, 1)),
        ):
            connection.exec_driver_sql(statement)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("code", ["USD", "KRW", "KWD"])
def test_store_and_copy_hold_what_can_be_charged(code: str, shop: Engine, tmp_path: Path) -> None:
    currency = Currency(code)
    store = MLStore(str(tmp_path / "store"))

    sync_shop(shop, store, mapping=MAPPING, currency=currency, verify=True)
    copied = copy_prices(shop, tmp_path, currency)

    wanted = {at: Decimal(units[code]) for at, units in enumerate(AMOUNTS.values(), 1)}
    for table, key, amount in (("products", "product_id", "price"), ("order_items", "order_item_id", "unit_price")):
        rows = store.as_of(table, datetime(2100, 1, 1, tzinfo=UTC)).select(key, amount).collect().rows()
        assert dict(rows) == wanted, table
    assert copied == wanted


def copy_prices(shop: Engine, folder: Path, currency: Currency) -> dict[int, Decimal]:
    """Copy the shop as pages read it, and return the prices."""
    platform = open_engine(f"sqlite:///{folder / 'platform.db'}")
    migrate(platform, PLATFORM)
    CatalogueCopier(ShopSource(shop, MAPPING, IdMap(platform), currency), platform).run_round()
    products = DECLARED["products"]
    with platform.connect() as connection:
        prices = dict(connection.execute(select(products.c.product_id, products.c.price)).tuples().all())
    platform.dispose()
    return prices
