"""From a shop system's own database, read by SELECT alone, to personal homepages in the shop's titles and prices."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from api.application import create_app
from deploy.compose.databases import SELECT, create_accounts
from features.rebuild import rebuild
from features.snapshot.purchases import load_purchases
from features.store import MLStore
from features.sync.shop_sync import main as sync
from serving import score
from settings import Settings, load_settings
from shop.catalogue.__main__ import main as copy_catalogue
from shop.database import engine_scope, open_engine
from shop.migrate import PLATFORM, migrate
from tests.api.conftest import PATIENT, serve
from tests.serving.conftest import SMALL, ScriptedRegistry
from tests.support.database_servers import DatabaseServer
from tests.support.foreign_shops.foreign_shop import ForeignShop
from tests.support.foreign_shops.magento import make_magento_shop
from tests.support.foreign_shops.opencart import make_opencart_shop
from tests.support.foreign_shops.prestashop import make_prestashop_shop
from tests.support.foreign_shops.woocommerce_regulars import FIRST_USER, make_busy_shop
from training.fit import fit

AS_OF = datetime(2026, 4, 10, tzinfo=UTC)
"""Just after the last order of each shop."""

READER = "reader_of_the_site"


SHOPS: dict[str, Callable[[], ForeignShop]] = {
    "magento": make_magento_shop,
    "opencart": make_opencart_shop,
    "prestashop": make_prestashop_shop,
    "woocommerce": partial(make_busy_shop, num_regulars=40, num_products=66, until=AS_OF),
}
"""Each has a dozen odd buyers; WooCommerce's has regular ones too, who keep to two or three categories of eleven."""


@pytest.fixture(params=SHOPS)
def shop(request: pytest.FixtureRequest) -> ForeignShop:
    return SHOPS[request.param]()


@pytest.fixture
def settings(
    shop: ForeignShop, any_server: DatabaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """An installation for that shop, as its owner would set it up, on either server."""
    owner, platform = any_server.create_database(), any_server.create_database()
    reader = make_url(owner).set(username=READER, password="the-password-of-the-reader")
    with any_server.connect() as connection:
        create_accounts(connection, [reader], SELECT)
    with engine_scope(open_engine(owner)) as site:
        shop.fill(site)
    migrate(platform, PLATFORM)
    mapping = tmp_path / "my-shop.toml"
    mapping.write_text(shop.mapping_text, encoding="utf-8")
    given = {
        "VAR_DIR": str(tmp_path),
        "SHOP_MAPPING": str(mapping),
        "SHOP_DATABASE_URL": reader.render_as_string(hide_password=False),
        "PLATFORM_DATABASE_URL": platform,
        "SERVING_URL": "http://127.0.0.1:9",
        "HOME_REPEAT_SHARE": "1",
        "HOME_NEW_WEIGHT": "1",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    load_settings.cache_clear()
    yield load_settings()
    load_settings.cache_clear()
    any_server.execute(f"DROP USER '{READER}'@'%'")
    any_server.drop_database(owner)
    any_server.drop_database(platform)


def find_kinds(shop: ForeignShop) -> dict[int, set[int]]:
    """Find the main categories of what each user bought."""
    buyers = {key: order["user_id"] for key, order in shop.seen["orders"].items() if order["user_id"]}
    kinds: dict[int, set[int]] = {}
    for line in shop.seen["order_items"].values():
        if line["order_id"] in buyers:
            category = shop.seen["products"][line["product_id"]]["category_id"]
            kinds.setdefault(buyers[line["order_id"]], set()).add(category)
    return kinds


def test_a_shop_in_a_schema_of_its_own_gets_personal_homepages(
    shop: ForeignShop, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MLStore(settings.ml_store_uri)
    registry = ScriptedRegistry({"champion": 1}, {1: tmp_path / "version"})
    monkeypatch.setattr(score, "connect", lambda *_: registry)

    assert sync(["--verify"]) == 0
    rebuild(store, AS_OF, num_buckets=2)
    fit(load_purchases(store, AS_OF), SMALL, tmp_path / "version", lambda *_: None)
    assert score.main([]) == 0
    assert copy_catalogue([]) == 0
    with serve(create_app(settings, PATIENT)) as address, httpx.Client(base_url=address, timeout=60) as client:
        homes = {
            user: client.get("/recommendations/home", params={"user_id": user, "limit": 5})
            for user in shop.seen["users"]
        }
        health = client.get("/health").json()

    assert {home.status_code for home in homes.values()} == {200}
    assert {home.headers["x-rung"].partition(",")[0] for home in homes.values()} == {"published"}
    assert len({str(home.json()["recommendations"]) for home in homes.values()}) > len(homes) / 3, "personal ones"
    kinds = find_kinds(shop)
    shown_to_regulars = [
        (user, shop.seen["products"][shown["product_id"]]["category_id"])
        for user, home in homes.items()
        if user >= FIRST_USER
        for shown in home.json()["recommendations"]
    ]
    assert sum(kind in kinds[user] for user, kind in shown_to_regulars) >= 0.8 * len(shown_to_regulars)
    for user, home in homes.items():
        assert home.json()["user_nickname"] == shop.seen["users"][user]["nickname"]
        assert len(home.json()["recommendations"]) == 5
        for shown in home.json()["recommendations"]:
            product = shop.seen["products"][shown["product_id"]]
            assert (shown["title"], shown["price"]) == (product["title"], float(product["price"]))
            assert product["is_visible"]
            assert product["stock"] > 0
    assert health["catalogue"]["copied_at"] is not None
