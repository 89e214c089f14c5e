"""A WooCommerce database (HPOS) through its ready mapping: what was put in is what the store has, by SELECT alone."""

import secrets
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.database import open_engine
from shop.mapping.check import check_shop
from shop.mapping.inheritance import MAPPINGS_FOLDER
from shop.mapping.model import load_mapping
from tests.features.shop_writes import TOMORROW, execute
from tests.support.database_servers import DatabaseServer
from tests.support.woocommerce import WooCommerceShop, make_woocommerce_shop

MAPPING = load_mapping(MAPPINGS_FOLDER / "woocommerce.toml")


@pytest.fixture
def shop() -> WooCommerceShop:
    return make_woocommerce_shop()


@pytest.fixture
def site(any_server_url: str, shop: WooCommerceShop) -> Iterator[Engine]:
    """The database as WooCommerce itself reaches it."""
    engine = open_engine(any_server_url)
    shop.fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def reader(site: Engine, any_server: DatabaseServer) -> Iterator[Engine]:
    """The same with an account that may SELECT and nothing else."""
    url, name, password = make_url(site.url), f"reader_{secrets.token_hex(4)}", secrets.token_hex(12)
    any_server.execute(
        f"CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'", f"GRANT SELECT ON {url.database}.* TO '{name}'@'%'"
    )
    engine = open_engine(url.set(username=name, password=password), read_only=True)
    yield engine
    engine.dispose()
    any_server.execute(f"DROP USER '{name}'@'%'")


def stored(store: MLStore, table: str, *columns: str) -> dict[int, Any]:
    rows = store.as_of(table, TOMORROW).collect()
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in rows.select(rows.columns[0], *columns).iter_rows()}


def assert_holds(store: MLStore, shop: WooCommerceShop) -> None:
    """Hold what the platform sees in the store against what was put into WooCommerce."""
    assert stored(store, "categories", "name") == shop.categories
    assert stored(store, "users", "nickname", "created_at") == shop.users
    columns = ("category_id", "title", "brand", "price", "stock", "is_visible")
    assert stored(store, "products", *columns) == shop.products
    assert stored(store, "orders", "user_id", "status", "ordered_at", "total_amount") == shop.orders
    lines = stored(store, "order_items", "order_id", "product_id", "quantity", "unit_price", "discount_amount")
    assert lines == shop.order_items
    assert stored(store, "product_reviews", "product_id", "user_id", "rating", "body") == shop.reviews


def test_the_store_has_what_was_put_in(reader: Engine, store: MLStore, shop: WooCommerceShop) -> None:
    report = sync_shop(reader, store, mapping=MAPPING, verify=True)

    assert report.is_equal
    assert len(shop.orders) > 50
    assert_holds(store, shop)


def test_changes_with_and_without_a_change_column_arrive(
    site: Engine, reader: Engine, store: MLStore, shop: WooCommerceShop
) -> None:
    sync_shop(reader, store, mapping=MAPPING)
    order, product = next(iter(shop.orders)), next(iter(shop.products))
    execute(
        site,
        f"UPDATE wp_wc_orders SET status = 'wc-completed', date_updated_gmt = UTC_TIMESTAMP() WHERE id = {order}",
        f"UPDATE wp_wc_product_meta_lookup SET min_price = 12.345, stock_quantity = 3, stock_status = 'instock' "
        f"WHERE product_id = {product}",
        "DELETE FROM wp_comments WHERE comment_ID = 1",
    )
    shop.orders[order] = (shop.orders[order][0], "delivered", *shop.orders[order][2:])
    category, title, brand, *_rest, is_visible = shop.products[product]
    shop.products[product] = (category, title, brand, Decimal("12.35"), 3, is_visible)
    shop.reviews.pop(1, None)

    report = sync_shop(reader, store, mapping=MAPPING)

    assert_holds(store, shop)
    assert report.tables["products"].counts.num_changed == 1
    assert report.tables["users"].version is None


def test_check_finds_all_of_it_usable(reader: Engine, shop: WooCommerceShop) -> None:
    with reader.connect() as connection:
        report = check_shop(connection, MAPPING)

    assert report.is_usable, report.to_text()
    assert {table.name: table.num_rows for table in report.tables}["order_items"] == len(shop.order_items)
    costs = {table.name: table.costs for table in report.tables}
    assert any(cost.startswith("no updated_at: no change column") for cost in costs["products"])
    assert not any("no index" in cost for name in ("orders", "order_items") for cost in costs[name])


def test_the_account_may_select_and_nothing_else(reader: Engine) -> None:
    with reader.connect() as connection:
        grants = [str(grant) for (grant,) in connection.exec_driver_sql("SHOW GRANTS")]

    rights = sorted(grant.partition(" ON ")[0] for grant in grants)
    assert rights == ["GRANT SELECT", "GRANT USAGE"]
