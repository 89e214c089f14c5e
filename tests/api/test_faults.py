"""Dependencies that are dead, slow or talk nonsense: the page stays full, in time, and says which rung it came from."""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.routes.dependencies import services_of
from api.web.errors import ASK_AGAIN, SEND_AGAIN
from shop.database import session_scope
from shop.tables import Base, PlatformBase, Product
from tests.api.conftest import BATCH, ModelServer

HOME = "/recommendations/home"


def shown(answer: httpx.Response) -> list[int]:
    return [product["product_id"] for product in answer.json()["recommendations"]]


def wait_for_fallback(tmp_path: Path) -> None:
    """Wait until the running API has made its local fallback."""
    deadline = time.monotonic() + 90
    while not (tmp_path / "api" / "last_good.json").exists():
        assert time.monotonic() < deadline, "no local fallback was written"
        time.sleep(0.05)


def lose_database(tmp_path: Path) -> None:
    """Make every statement fail, also on connections that are open already."""
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as connection:
        for table in (*Base.metadata.tables, *PlatformBase.metadata.tables):
            connection.execute(f"ALTER TABLE {table} RENAME TO lost_{table}")


def test_pages_shown_before_the_database_died_are_shown_again(api: TestClient, tmp_path: Path) -> None:
    before = api.get(HOME, params={"user_id": 1, "limit": 3})
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    after = api.get(HOME, params={"user_id": 1, "limit": 3})

    assert after.status_code == 200
    assert after.json() == before.json()
    assert after.headers["x-rung"] == "local:recent"
    assert after.headers["x-batch-id"] == BATCH


def test_other_shoppers_get_the_popular_ones_of_the_local_copy(api: TestClient, tmp_path: Path) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    answer = api.get(HOME, params={"user_id": 2, "limit": 3})

    assert (answer.status_code, answer.json()["user_nickname"]) == (200, "")
    assert shown(answer) == [1, 3, 5]
    assert answer.headers["x-rung"] == "local:popular"


def test_a_restart_while_the_database_is_dead_takes_up_the_copy_on_disk(
    published_shop: Engine, open_api: Callable[..., TestClient], tmp_path: Path
) -> None:
    open_api()
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    answer = open_api().get(HOME, params={"limit": 4})

    assert shown(answer) == [1, 3, 5, 6]
    assert answer.headers["x-batch-id"] == BATCH


def test_a_longer_page_than_remembered_is_topped_up_without_repeats(api: TestClient, tmp_path: Path) -> None:
    api.get(HOME, params={"user_id": 2, "limit": 2})
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    answer = api.get(HOME, params={"user_id": 2, "limit": 4})

    assert shown(answer) == [5, 6, 1, 3]
    assert answer.headers["x-rung"] == "local:recent,local:popular"


def test_a_product_that_the_copy_lacks_is_not_called_gone(api: TestClient, tmp_path: Path) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    answer = api.get("/products/999")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_what_was_read_last_wins_over_older_copies(api: TestClient, published_shop: Engine, tmp_path: Path) -> None:
    api.get(HOME, params={"user_id": 1, "limit": 4})
    wait_for_fallback(tmp_path)
    with session_scope(published_shop) as session:
        session.get_one(Product, 3).is_visible = False
        session.get_one(Product, 1).price = Decimal("9.75")
    for product_id in (1, 3):
        api.get(f"/products/{product_id}")
    lose_database(tmp_path)

    remembered = api.get(HOME, params={"user_id": 1, "limit": 4})
    popular = api.get(HOME, params={"limit": 4})

    for answer in (remembered, popular):
        prices = {product["product_id"]: product["price"] for product in answer.json()["recommendations"]}
        assert prices == {1: 9.75, 5: 1.99, 6: 3.49}
    assert remembered.headers["x-rung"] == "local:recent"
    assert api.get("/products/1").json()["price"] == 9.75


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b'{"head": [], "products": []}', b'{"head": null, "products": [1]}', b"\xff"]
)
def test_a_copy_on_disk_that_is_none_is_left_alone(
    published_shop: Engine, open_api: Callable[..., TestClient], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "last_good.json").write_bytes(content)

    assert open_api().get(HOME, params={"user_id": 1}).headers["x-rung"] == "published"


def test_a_list_or_an_instant_that_cannot_be_read_costs_itself(api: TestClient, published_shop: Engine) -> None:
    with published_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE recommendation_batches SET as_of = 'once'")
        connection.exec_driver_sql('UPDATE recommendations SET products = \'[[3, 2, NaN, "x"], [1, 1, 0.5, "a"]]\'')

    answer = api.get(HOME, params={"user_id": 1, "limit": 3})

    assert answer.status_code == 200
    assert shown(answer) == [1, 3, 5]
    assert 'api_unusable_items_total{kind="list entry"}' in api.get("/metrics").text


def test_a_coupon_that_makes_no_sense_costs_itself(api: TestClient, published_shop: Engine) -> None:
    with published_shop.begin() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        for number, (kind, value, until) in enumerate(
            [("gift", 5, "2199-01-01"), ("percent", 1e999, "2199-01-01"), ("percent", 5, "never")], start=10
        ):
            connection.exec_driver_sql(
                "INSERT INTO coupons (coupon_id, code, name, discount_type, discount_value, valid_from, valid_until) "
                "VALUES (?, ?, 'x', ?, ?, '2020-01-01', ?)",
                (number, f"C{number}", kind, value, until),
            )
            connection.exec_driver_sql(
                "INSERT INTO user_coupons (user_id, coupon_id, issued_at) VALUES (1, ?, '2020-01-01')", (number,)
            )

    assert api.get(HOME, params={"user_id": 1}).headers["x-rung"].startswith("published")
    assert api.get("/products/1", params={"user_id": 1}).json()["coupons"] == []
    assert api.post("/orders/quote", json=CART).json()["coupons"] == []


def test_made_up_shoppers_push_nobody_out_of_memory(api: TestClient) -> None:
    assert isinstance(api.app, FastAPI)
    home_page = services_of(api.app.state).home_page
    for user_id in (1, 2):
        api.get(HOME, params={"user_id": user_id})
    fallback = home_page._fallback
    state = home_page._databases.read_mark(), fallback.restricted, fallback.rules.current
    kept = len(home_page._kept.since(state))

    for user_id in range(1000, 1020):
        api.get(HOME, params={"user_id": user_id})

    assert kept > 0
    assert len(home_page._kept.since(state)) == kept


def test_a_locked_database_is_read_all_the_same(api: TestClient, tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "shop.db")
    writer.execute("BEGIN EXCLUSIVE")

    answer = api.get(HOME, params={"user_id": 1, "limit": 2})

    writer.rollback()
    writer.close()
    assert answer.headers["x-rung"] == "published"


def test_health_says_what_is_wrong_and_what_helps(api: TestClient, model_server: ModelServer, tmp_path: Path) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)
    model_server.status = 503

    health = api.get("/health")

    problems = {problem["part"]: problem for problem in health.json()["problems"]}
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    for part in ("shop_database", "platform_database"):
        assert problems[part]["problem"].startswith("refuses: Bring the schema up to date")
    assert problems["model_server"]["problem"] == "/readyz answers 503"
    assert "SHOP_DATABASE_URL" in problems["shop_database"]["remedy"]
    assert "PLATFORM_DATABASE_URL" in problems["platform_database"]["remedy"]
    assert str(tmp_path) not in health.text


CART = {"user_id": 1, "items": [{"product_id": 1, "quantity": 1}]}


EVENT = {
    "event_key": "a",
    "event_type": "click",
    "product_id": 1,
    "request_id": "r1",
    "occurred_at": datetime.now(UTC).isoformat(),
}


@pytest.mark.parametrize(
    ("method", "path", "body", "advice"),
    [
        ("GET", "/users", None, ASK_AGAIN),
        ("GET", "/users/1/orders", None, ASK_AGAIN),
        ("POST", "/orders/quote", CART, ASK_AGAIN),
        ("POST", "/orders", CART | {"order_key": "c"}, SEND_AGAIN),
        ("POST", "/events", {"events": [EVENT]}, SEND_AGAIN),
    ],
    ids=["shoppers", "orders of a shopper", "quote", "checkout", "events"],
)
def test_what_needs_the_database_says_when_to_come_back_and_whether_repeating_is_safe(
    api: TestClient, tmp_path: Path, method: str, path: str, body: dict[str, object] | None, advice: str
) -> None:
    lose_database(tmp_path)

    answer = api.request(method, path, json=body)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == ("unavailable", advice)


def test_pictures_and_products_of_the_local_copy_stay(api: TestClient, tmp_path: Path) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    picture = api.get("/static/images/products/category1/product1.svg")
    product = api.get("/products/1")
    similar = api.get("/products/1/similar")

    assert (picture.status_code, picture.headers["cache-control"]) == (200, "no-store")
    assert product.json()["title"] == "Whole Milk 1 l"
    assert [each["product_id"] for each in similar.json()["products"]] == [3, 5, 6]
