"""Copies of shops in schemas of their own, by SELECT alone: what was put in, and then what changed."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from string import ascii_lowercase
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, select

from deploy.compose.databases import SELECT, create_accounts
from shop.catalogue.copier import CatalogueCopier, Round
from shop.catalogue.source import ORDERS_KEPT, ShopSource
from shop.catalogue.tables import COPIED_TABLES
from shop.database import open_engine
from shop.mapping.id_map import IdMap
from shop.money import FINEST
from shop.tables import DECLARED
from tests.support.database_servers import DatabaseServer
from tests.support.foreign_shops.foreign_shop import ForeignShop
from tests.support.foreign_shops.magento import make_magento_shop
from tests.support.foreign_shops.opencart import make_opencart_shop
from tests.support.foreign_shops.prestashop import make_prestashop_shop
from tests.support.foreign_shops.woocommerce import make_hpos_shop, make_posts_shop

MAKERS = (make_hpos_shop, make_posts_shop, make_opencart_shop, make_prestashop_shop, make_magento_shop)


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def shop(request: pytest.FixtureRequest) -> ForeignShop:
    """Each shop in turn."""
    make: Callable[[], ForeignShop] = request.param
    return make()


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
    name = "reader_" + "".join(secrets.choice(ascii_lowercase) for _ in range(8))
    url = make_url(site.url).set(username=name, password=secrets.token_hex(12))
    with any_server.connect() as connection:
        create_accounts(connection, [url], SELECT)
    engine = open_engine(url, read_only=True)
    yield engine
    engine.dispose()
    any_server.execute(f"DROP USER '{url.username}'@'%'")


def test_pages_find_what_was_put_in_and_then_what_changed(
    site: Engine, reader: Engine, server_platform: Engine, shop: ForeignShop
) -> None:
    source = ShopSource(reader, shop.mapping, IdMap(server_platform), FINEST)
    copier = CatalogueCopier(source, server_platform)

    reports = copier.run_round()

    assert sum(report.num_set_aside for report in reports) == 0
    assert_holds(server_platform, shop)

    with site.begin() as connection:
        for statement in shop.change(shop):
            connection.exec_driver_sql(statement)
    copier.run_round(Round.SHORT)
    copier.run_round()

    assert_holds(server_platform, shop)
    assert sum(report.num_written + report.num_deleted for report in copier.run_round()) == 0


def assert_holds(platform: Engine, shop: ForeignShop) -> None:
    """Hold the copy against what the platform should see of the shop, field by field."""
    since = datetime.now(UTC) - ORDERS_KEPT
    lately = {key for key, order in shop.seen["orders"].items() if order["user_id"] and order["ordered_at"] >= since}
    wanted: dict[str, dict[int, dict[str, Any]]] = {
        **shop.seen,
        "orders": {key: order for key, order in shop.seen["orders"].items() if key in lately},
        "order_items": {key: item for key, item in shop.seen["order_items"].items() if item["order_id"] in lately},
    }
    with platform.connect() as connection:
        for table in COPIED_TABLES:
            names = [field.name for field in table.fields]
            columns = [DECLARED[table.name].c[name] for name in names]
            rows = connection.execute(select(*columns))
            copied = {row[table.key_place]: dict(zip(names, row, strict=True)) for row in rows}
            seen = wanted.get(table.name, {})
            assert copied.keys() == seen.keys(), table.name
            for key, fields in seen.items():
                known = {name: value for name, value in fields.items() if name in names}
                assert {name: copied[key][name] for name in known} == known, (table.name, key)
