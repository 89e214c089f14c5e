"""Lists that the model server ranks again for shoppers who ordered since the batch."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.application import Deadlines
from shop.database import session_scope
from shop.tables import Order, OrderItem, ShopperChoice
from tests.api.conftest import BATCH, ModelServer
from tests.support.tiny_shop import day

HOME, SHELVES = "/recommendations/home", "/recommendations/shelves"
REGULAR, NEWCOMER = 1, 3
"""User 1 has the published list 3, 1, 5, 6; user 3 has none."""

BOUGHT = 2
NO_PATIENCE = Deadlines(database=5, model_server=0.1)

OpenApi = Callable[..., TestClient]


def buy(shop: Engine, user_id: int, product_id: int = BOUGHT, order_id: int = 91, at: datetime | None = None) -> None:
    """Order two pieces, a minute ago unless told."""
    at = at or datetime.now(UTC) - timedelta(minutes=1)
    with session_scope(shop) as session:
        session.add(Order(order_id=order_id, user_id=user_id, status="paid", ordered_at=at, total_amount=5))
        session.flush()
        session.add(
            OrderItem(
                order_id=order_id,
                product_id=product_id,
                quantity=2,
                unit_price=Decimal("2.50"),
                discount_amount=Decimal("0.30"),
            )
        )


def shown(answer: httpx.Response) -> list[int]:
    return [product["product_id"] for product in answer.json()["recommendations"]]


def home(api: TestClient, user_id: int = REGULAR, **query: Any) -> httpx.Response:
    return api.get(HOME, params={"user_id": user_id, "limit": 3} | query).raise_for_status()


def test_an_order_changes_the_list_and_the_answer_stays_of_its_batch(
    published_shop: Engine, api: TestClient, model_server: ModelServer
) -> None:
    model_server.reranked = {REGULAR: {6: None, 5: "bought_together", 1: "bought_before"}}
    assert shown(home(api)) == [3, 1, 5]
    assert model_server.asked == []

    buy(published_shop, REGULAR)
    answer = home(api)

    assert shown(answer) == [6, 5, 1]
    assert answer.headers["x-rung"] == "model"
    assert answer.headers["x-batch-id"] == BATCH
    assert answer.headers["x-model-version"] == "7"


def test_the_model_server_is_told_what_was_ordered_since_the_batch_and_what_is_listed(
    published_shop: Engine, api: TestClient, model_server: ModelServer
) -> None:
    buy(published_shop, REGULAR, order_id=90, at=day(25) - timedelta(seconds=1))
    buy(published_shop, REGULAR, order_id=91, at=day(25))
    buy(published_shop, REGULAR, order_id=92)

    home(api)

    [asked] = model_server.asked
    assert asked["product_ids"] == [3, 1, 5, 6]
    assert [line["order_id"] for line in asked["since"]] == [92, 91]
    assert asked["since"][1] == {
        "order_id": 91,
        "product_id": BOUGHT,
        "quantity": 2,
        "unit_price": 2.5,
        "discount_amount": 0.3,
        "ordered_at": day(25).isoformat(),
    }


def test_gifts_say_nothing_of_their_buyer(published_shop: Engine, api: TestClient, model_server: ModelServer) -> None:
    buy(published_shop, REGULAR)
    with session_scope(published_shop) as session:
        gift = {"kind": "gift", "choice_key": "gift", "product_id": BOUGHT, "category_id": 1, "order_id": 91}
        session.add(ShopperChoice(user_id=REGULAR, made_at=datetime.now(UTC), **gift))

    assert shown(home(api)) == [3, 1, 5]
    assert model_server.asked == []


@pytest.mark.parametrize("batch_id", ["20260125T120000Z-v8", "20260126T120000Z-v7", "20260125T120000Z-v7-other"])
def test_no_answer_mixes_two_versions_or_two_snapshots(
    published_shop: Engine, api: TestClient, model_server: ModelServer, batch_id: str
) -> None:
    model_server.reranked, model_server.batch_id = {REGULAR: {6: None}}, batch_id
    buy(published_shop, REGULAR)

    answer = home(api)

    assert shown(answer) == [3, 1, 5]
    assert (answer.headers["x-rung"], answer.headers["x-model-version"]) == ("published", "7")


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"delay_seconds": 1.0}, {"body": b"<html>"}, {"body": b"{}"}, {"missing": ("/recommend_again",)}],
    ids=["500", "late", "no JSON", "another shape", "an earlier release"],
)
def test_without_an_answer_the_published_list_waits_for_what_is_not_due(
    published_shop: Engine, open_api: OpenApi, model_server: ModelServer, fault: dict[str, Any]
) -> None:
    api = open_api(NO_PATIENCE)
    for name, value in fault.items():
        setattr(model_server, name, value)
    buy(published_shop, REGULAR, product_id=5)

    answer = home(api)

    assert shown(answer) == [3, 1, 6]
    assert answer.headers["x-rung"] == "published"


@pytest.mark.parametrize("paths", [("/recommend_again",), ("/recommend_again", "/recommend_cart")])
def test_a_model_server_of_an_earlier_release_goes_on_ranking_in_the_ways_that_it_knows(
    published_shop: Engine, api: TestClient, model_server: ModelServer, paths: tuple[str, ...]
) -> None:
    model_server.missing, model_server.answers = paths, {NEWCOMER: [6, 5]}
    buy(published_shop, REGULAR)
    for _ in range(5):
        home(api)
        cart = api.post("/recommendations/cart", json={"user_id": REGULAR, "product_ids": [1], "limit": 2})
        assert cart.status_code == 200

    answer = home(api, NEWCOMER, limit=2)

    assert (shown(answer), answer.headers["x-rung"]) == ([6, 5], "model")
    health = api.get("/health").json()
    assert "model_server" not in {problem["part"] for problem in health.get("problems", [])}


def test_a_new_shopper_is_ranked_by_the_first_order(
    published_shop: Engine, api: TestClient, model_server: ModelServer
) -> None:
    model_server.reranked, model_server.batch_id = {NEWCOMER: {6: "bought_together", 5: "popular"}}, "later-v9"
    buy(published_shop, NEWCOMER)

    answer = home(api, NEWCOMER, limit=2)

    assert shown(answer) == [6, 5]
    assert (answer.headers["x-rung"], answer.headers["x-model-version"]) == ("model", "9")
    assert model_server.asked[0]["product_ids"] == []


def test_what_was_just_bought_stays_off_a_list_that_was_ranked_again(
    published_shop: Engine, api: TestClient, model_server: ModelServer
) -> None:
    model_server.reranked = {REGULAR: {5: "bought_before", 6: None, 1: None, 3: None}}
    buy(published_shop, REGULAR, product_id=5)

    assert shown(home(api)) == [6, 1, 3]


def test_shelves_follow_the_order_too(published_shop: Engine, api: TestClient, model_server: ModelServer) -> None:
    model_server.reranked = {REGULAR: {6: "popular", 4: "bought_together", 5: "popular", 3: "bought_together"}}
    buy(published_shop, REGULAR)

    answer = api.get(SHELVES, params={"user_id": REGULAR, "limit": 2}).raise_for_status()

    assert "model" in answer.headers["x-rung"].split(",")
    shelves = {shelf["code"]: [each["product_id"] for each in shelf["products"]] for shelf in answer.json()["shelves"]}
    assert shelves["new_for_you"][:1] in ([6], [4])
