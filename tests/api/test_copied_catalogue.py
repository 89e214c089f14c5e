"""Pages over a copy of a shop in a schema of its own: its titles, prices and orders, and none placed here."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.application import create_app
from settings import Settings
from shop.catalogue.copier import CatalogueCopier
from shop.catalogue.source import ShopSource
from shop.database import open_engine
from shop.mapping.id_map import IdMap
from shop.mapping.model import load_mapping
from shop.migrate import PLATFORM, migrate
from shop.money import DOLLAR
from tests.api.conftest import BATCH, PATIENT, ModelServer, publish_by_hand

SHOP = (
    "CREATE TABLE ware (nr INTEGER PRIMARY KEY, shelf INTEGER, label TEXT, cents INTEGER, left_over INTEGER)",
    "CREATE TABLE buyer (nr INTEGER PRIMARY KEY, first_name TEXT)",
    "CREATE TABLE receipt (nr INTEGER PRIMARY KEY, buyer INTEGER, sold_at TEXT)",
    "CREATE TABLE receipt_line (nr INTEGER PRIMARY KEY, receipt INTEGER, ware INTEGER, pieces INTEGER, cents INTEGER)",
    "INSERT INTO buyer VALUES (1, '민지'), (2, '서준')",
    "INSERT INTO ware VALUES (1, 1, 'Sencha', 450, 9), (2, 1, 'Bancha', 300, 9), (3, 2, 'Blue cup', 1200, 3), "
    "(4, 2, 'Green cup', 1100, 0), (5, 3, 'Kettle', 5999, 2), (6, 3, 'Tray', 800, 5)",
    "INSERT INTO receipt VALUES (7, 1, STRFTIME('%Y-%m-%d %H:%M:%S', 'now', '-30 days'))",
    "INSERT INTO receipt_line VALUES (70, 7, 3, 2, 1200)",
)
MAPPING = """
money = "cents"
[users]
table = "buyer"
columns = { user_id = "nr", nickname = "first_name" }
[categories]
select = "SELECT DISTINCT shelf, 'Shelf ' || shelf AS name FROM ware"
columns = { category_id = "shelf", name = "name" }
[products]
table = "ware"
columns = { product_id = "nr", category_id = "shelf", title = "label", price = "cents", stock = "left_over" }
[orders]
table = "receipt"
columns = { order_id = "nr", user_id = "buyer", ordered_at = "sold_at" }
[order_items]
table = "receipt_line"
columns = { order_item_id = "nr", order_id = "receipt", product_id = "ware", quantity = "pieces", unit_price = "cents" }
"""


@pytest.fixture
def settings(tmp_path: Path, model_server: ModelServer) -> Settings:
    """Where a shop with a mapping lies, and the platform beside it."""
    mapping = tmp_path / "shop.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return Settings(
        _env_file=None,
        var_dir=tmp_path,
        shop_mapping=str(mapping),
        serving_url=model_server.url,
        catalogue_seconds=3600,
    )


@pytest.fixture
def shop(settings: Settings) -> Iterator[Engine]:
    """A shop in a schema of its own."""
    engine = open_engine(settings.shop_database_url)
    with engine.begin() as connection:
        for statement in SHOP:
            connection.exec_driver_sql(statement)
    yield engine
    engine.dispose()


@pytest.fixture
def copy(settings: Settings, shop: Engine) -> Iterator[Callable[[], object]]:
    """Copies the shop, beside a published batch."""
    platform = open_engine(settings.platform_database_url)
    migrate(platform, PLATFORM)
    publish_by_hand(platform)
    source = ShopSource(shop, load_mapping(settings.shop_mapping), IdMap(platform), DOLLAR)
    yield CatalogueCopier(source, platform).run_round
    platform.dispose()


@pytest.fixture
def api(settings: Settings, copy: Callable[[], object]) -> Iterator[TestClient]:
    """The API over a copy."""
    copy()
    with TestClient(create_app(settings, PATIENT)) as client:
        yield client


def test_a_homepage_is_personal_in_the_shops_own_titles_and_prices(api: TestClient) -> None:
    answer = api.get("/recommendations/home", params={"user_id": 1, "limit": 3})

    assert answer.headers["x-batch-id"] == BATCH
    assert answer.headers["x-rung"].startswith("published")
    assert answer.json()["user_nickname"] == "민지"
    assert [(one["title"], one["price"]) for one in answer.json()["recommendations"]] == [
        ("Blue cup", 12.0),
        ("Sencha", 4.5),
        ("Kettle", 59.99),
    ]


def test_what_the_shop_changes_shows_with_the_next_copy(
    api: TestClient, shop: Engine, copy: Callable[[], object]
) -> None:
    with shop.begin() as connection:
        connection.exec_driver_sql("UPDATE ware SET cents = 990 WHERE nr = 3")
        connection.exec_driver_sql("UPDATE ware SET left_over = 0 WHERE nr = 1")
    copy()

    answer = api.get("/recommendations/home", params={"user_id": 1, "limit": 3}).json()["recommendations"]

    assert answer[0]["price"] == 9.9
    assert "Sencha" not in {one["title"] for one in answer}


def test_product_pages_and_departments_are_the_shops(api: TestClient) -> None:
    product = api.get("/products/5").json()

    assert (product["title"], product["price"], product["category_name"]) == ("Kettle", 59.99, "Shelf 3")
    assert [one["name"] for one in api.get("/categories").json()["categories"]] == ["Shelf 1", "Shelf 2", "Shelf 3"]


def test_a_shopper_sees_the_orders_that_the_shop_took(api: TestClient) -> None:
    [order] = api.get("/users/1/orders").json()["orders"]

    assert order["order_id"] == 7
    assert [(line["title"], line["quantity"], line["unit_price"]) for line in order["items"]] == [("Blue cup", 2, 12.0)]


def test_an_order_is_placed_with_the_shop(api: TestClient) -> None:
    cart = {"order_key": "k" * 32, "user_id": 1, "items": [{"product_id": 3, "quantity": 1}]}

    answer = api.post("/orders", json=cart)

    assert answer.status_code == 404
    assert api.get("/storefront").json()["takes_orders"] is False
    assert answer.json()["error"]["message"] == "This shop takes its orders itself: place them with the shop."


def test_nobody_looks_for_events_of_orders(
    api: TestClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    deadline = monotonic() + 120
    while not (settings.var_dir / "api" / "last_good.json").exists():
        assert monotonic() < deadline, "no local fallback was written"
        sleep(0.05)

    records = [*caplog.get_records("setup"), *caplog.records]

    assert [record.getMessage() for record in records if record.name == "api.orders.outbox"] == []


def test_health_says_how_old_the_copy_is(api: TestClient) -> None:
    health = api.get("/health").json()

    assert health["catalogue"]["status"] == "healthy"
    assert 0 <= health["catalogue"]["age_seconds"] < 3600
    assert "catalogue" not in {one["part"] for one in health["problems"]}


def test_health_says_that_nothing_was_copied_yet(settings: Settings, shop: Engine) -> None:
    migrate(settings.platform_database_url, PLATFORM)

    with TestClient(create_app(settings, PATIENT)) as client:
        health = client.get("/health").json()

    assert health["catalogue"] == {"status": "late", "copied_at": None, "age_seconds": None}
    assert {"part": "catalogue", "problem": "it has not been copied yet"}.items() <= next(
        one for one in health["problems"] if one["part"] == "catalogue"
    ).items()


def test_a_copy_that_is_not_renewed_is_a_problem(settings: Settings, copy: Callable[[], object]) -> None:
    copy()
    hasty = settings.model_copy(update={"catalogue_seconds": 1e-6})

    with TestClient(create_app(hasty, PATIENT)) as client:
        health = client.get("/health").json()

    assert health["catalogue"]["status"] == "late"


def test_a_shop_that_is_gone_costs_the_pages_nothing(api: TestClient, shop: Engine, settings: Settings) -> None:
    shop.dispose()
    (settings.var_dir / "shop.db").unlink()

    answer = api.get("/recommendations/home", params={"user_id": 2, "limit": 3})

    assert answer.headers["x-rung"].startswith("published")
