"""Shops in schemas of their own through the ready mappings: what was put in is what the store has, by SELECT alone."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, make_url

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.database import open_engine
from shop.mapping.canonical import PAGE_TABLES
from shop.mapping.check import check_shop
from tests.features.shop_writes import TOMORROW, execute
from tests.support.database_servers import DatabaseServer
from tests.support.foreign_shops.foreign_shop import ForeignShop
from tests.support.foreign_shops.magento import make_magento_shop
from tests.support.foreign_shops.opencart import make_opencart_shop
from tests.support.foreign_shops.prestashop import make_prestashop_shop
from tests.support.foreign_shops.woocommerce import make_hpos_shop, make_posts_shop
from tests.support.foreign_shops.woocommerce_regulars import make_busy_shop

MAKERS: dict[str, Callable[[], ForeignShop]] = {
    "woocommerce": make_hpos_shop,
    "woocommerce-posts": make_posts_shop,
    "woocommerce-busy": lambda: make_busy_shop(num_regulars=20, num_products=60),
    "opencart": make_opencart_shop,
    "prestashop": make_prestashop_shop,
    "magento": make_magento_shop,
}


@pytest.fixture(params=MAKERS)
def shop(request: pytest.FixtureRequest) -> ForeignShop:
    """Each shop in turn."""
    return MAKERS[request.param]()


@pytest.fixture
def site(any_server_url: str, shop: ForeignShop) -> Iterator[Engine]:
    """The database as the shop's own software reaches it."""
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


def assert_holds(store: MLStore, shop: ForeignShop) -> None:
    """Hold the rows that stand in the store against what the platform should see, field by field."""
    for table in shop.seen.keys() - PAGE_TABLES:
        seen = shop.seen[table]
        rows = store.as_of(table, TOMORROW).collect()
        stored = dict(zip(rows.to_series(0).to_list(), rows.to_dicts(), strict=True))
        assert stored.keys() == seen.keys(), table
        assert {key: {name: stored[key][name] for name in fields} for key, fields in seen.items()} == seen


def test_the_store_has_what_was_put_in_and_then_what_changed(
    site: Engine, reader: Engine, store: MLStore, shop: ForeignShop
) -> None:
    report = sync_shop(reader, store, mapping=shop.mapping, verify=True)

    assert report.is_equal
    assert sum(table.counts.num_quarantined + table.counts.num_set_aside for table in report.tables.values()) == 0
    assert_holds(store, shop)

    execute(site, *shop.change(shop))
    sync_shop(reader, store, mapping=shop.mapping)

    assert_holds(store, shop)


def test_check_finds_all_of_it_usable_and_counts_what_is_left_out(reader: Engine, shop: ForeignShop) -> None:
    with reader.connect() as connection:
        grants = [str(grant).partition(" ON ")[0] for (grant,) in connection.exec_driver_sql("SHOW GRANTS")]
        report = check_shop(connection, shop.mapping)

    assert sorted(grants) == ["GRANT SELECT", "GRANT USAGE"]
    assert report.is_usable, report.to_text()
    num_rows = {table.name: table.num_rows for table in report.tables}
    assert {name: num_rows[name] for name in shop.seen} == {name: len(rows) for name, rows in shop.seen.items()}
    assert len(shop.seen["orders"]) > 25
    assert {table.name: sorted(table.unseen) for table in report.tables if table.unseen} == {
        name: sorted(f"left out, {reason}: {count} rows" for reason, count in counts.items())
        for name, counts in shop.left_out.items()
    }
    assert all(count for counts in shop.left_out.values() for count in counts.values()), shop.left_out
