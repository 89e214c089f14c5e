"""Dependencies that are dead, slow or talk nonsense: the page stays full, in time, and says which rung it came from."""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.application import Deadlines
from api.web.errors import ASK_AGAIN, SEND_AGAIN
from shop.tables import Base
from tests.api.conftest import BATCH, ModelServer

HOME = "/recommendations/home"
NO_PATIENCE = Deadlines(database=5, model_server=0.1)


def shown(answer) -> list[int]:
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
        for table in Base.metadata.tables:
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


def test_a_locked_database_is_read_all_the_same(api: TestClient, tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "shop.db")
    writer.execute("BEGIN EXCLUSIVE")

    answer = api.get(HOME, params={"user_id": 1, "limit": 2})

    writer.rollback()
    writer.close()
    assert answer.headers["x-rung"] == "published"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 503},
        {"body": b"<html>"},
        {"body": b'{"recommendations": [{"user_id": 3, "products": [{"product_id": "x"}]}]}'},
        {"delay_seconds": 1.0},
    ],
    ids=["500", "503", "no JSON", "another shape", "late"],
)
def test_a_broken_model_server_leaves_the_lower_rungs(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer, fault: dict[str, object]
) -> None:
    model_server.answers = {3: [6, 3]}
    api = open_api(NO_PATIENCE)
    for name, value in fault.items():
        setattr(model_server, name, value)

    answer = api.get(HOME, params={"user_id": 3, "limit": 3})

    assert answer.status_code == 200
    assert shown(answer) == [1, 3, 5]
    assert answer.headers["x-rung"] == "popular"
    assert answer.headers["x-model-version"] == "7"


def test_a_model_server_that_fails_is_left_alone_for_a_while(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer
) -> None:
    model_server.status = 500
    api = open_api()

    for _ in range(10):
        assert api.get(HOME, params={"user_id": 3}).status_code == 200

    assert len(model_server.asked) == 3


def test_health_says_what_is_wrong_and_what_helps(api: TestClient, model_server: ModelServer, tmp_path: Path) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)
    model_server.status = 503

    health = api.get("/health")

    problems = {problem["part"]: problem for problem in health.json()["problems"]}
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert problems["database"]["problem"] == "fails with OperationalError"
    assert problems["model_server"]["problem"] == "/readyz answers 503"
    assert "SHOP_DATABASE_URL" in problems["database"]["remedy"]
    assert str(tmp_path) not in health.text


CART = {"user_id": 1, "items": [{"product_id": 1, "quantity": 1}]}
EVENT = {
    "event_key": "a",
    "event_type": "click",
    "product_id": 1,
    "request_id": "r1",
    "occurred_at": "2026-01-25T12:00:00Z",
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


def test_a_model_server_that_is_well_again_is_found_without_anybody_waiting_for_it(
    published_shop: Engine, open_api: Callable[..., TestClient], model_server: ModelServer
) -> None:
    model_server.status = 500
    model_server.answers = {3: [6, 3]}
    api = open_api()
    for _ in range(3):
        api.get(HOME, params={"user_id": 3})
    model_server.status = 200

    deadline = time.monotonic() + 180
    while api.get(HOME, params={"user_id": 3, "limit": 2}).headers["x-rung"] != "model":
        assert time.monotonic() < deadline, "the model server was not tried again"
        time.sleep(0.1)
