"""What goes with a cart: whose it is, what it holds, and what is left of it when something fails."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, update

from api.pages.cart import CART_WEIGHT, merge_lists
from api.queries.ranked_list import Entry
from shop.database import session_scope
from shop.tables import Product
from tests.api.conftest import BATCH, ModelServer
from training.ranking import cart

CART = "/recommendations/cart"


def ask(api: TestClient, *product_ids: int, **more: Any) -> Response:
    return api.post(CART, json={"product_ids": list(product_ids), **more})


def list_pairs(answer: Response) -> list[tuple[int, int | None]]:
    return [(product["product_id"], product["goes_with"]) for product in answer.json()["products"]]


def test_a_guests_cart_has_its_complements_then_what_is_popular(api: TestClient) -> None:
    answer = ask(api, 1)

    assert answer.status_code == 200
    assert list_pairs(answer) == [(3, 1), (6, 1), (5, None)]
    assert answer.headers["x-rung"] == "cart,popular"
    assert (answer.headers["x-batch-id"], answer.headers["x-model-version"]) == (BATCH, "7")
    assert answer.json()["products"][0].keys() == {
        "product_id",
        "category_id",
        "title",
        "price",
        "image_url",
        "regular_price",
        "unit_price",
        "goes_with",
    }


def test_a_known_shoppers_list_and_the_cart_are_ranked_as_one(api: TestClient) -> None:
    answer = ask(api, 1, user_id=2)

    assert list_pairs(answer) == [(3, 1), (5, None), (6, 1)]
    assert answer.headers["x-rung"] == "cart"
    assert list_pairs(ask(api, user_id=2)) == [(5, None), (6, None), (3, None), (1, None)]


def test_the_model_server_is_asked_first(api: TestClient, model_server: ModelServer) -> None:
    model_server.companions = {6: 1, 5: None, 4: 1}

    answer = ask(api, 1, user_id=2)

    assert list_pairs(answer) == [(6, 1), (5, None), (3, 1)]
    assert (answer.headers["x-rung"], answer.headers["x-model-version"]) == ("model,cart", "8")
    assert model_server.asked[-1] == {"user_id": 2, "product_ids": [1], "k": 100}


@pytest.mark.parametrize("body", [b"{}", b"[", b'{"model_version": 8, "products": [{"product_id": "x"}, {}]}'])
def test_what_the_model_server_says_and_makes_no_sense_is_left_out(
    api: TestClient, model_server: ModelServer, body: bytes
) -> None:
    model_server.body = body

    assert list_pairs(ask(api, 1)) == [(3, 1), (6, 1), (5, None)]


def test_neither_the_cart_nor_its_families_are_recommended(api: TestClient, published_shop: Engine) -> None:
    assert list_pairs(ask(api, 1, 6)) == [(3, 1), (5, None)]
    with session_scope(published_shop) as session:
        session.execute(update(Product).where(Product.product_id.in_((1, 3))).values(family_id=7))

    assert list_pairs(ask(api, 1)) == [(6, 1), (5, None)]


def test_what_a_shopper_does_not_want_is_in_no_cart(api: TestClient, model_server: ModelServer) -> None:
    model_server.companions = {6: 1, 3: 1}
    choice = {"kind": "not_interested_product", "product_id": 3}
    assert api.post("/users/2/choices", json=choice).is_success

    assert [product_id for product_id, _ in list_pairs(ask(api, 1, user_id=2))] == [6, 5]


def test_without_a_database_there_is_what_is_popular_but_for_the_cart(
    published_shop: Engine, open_api: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.db.reader import DatabaseReader, DatabaseUnavailableError

    api = open_api()
    expected = {product_id for product_id, _ in list_pairs(ask(api, 3))}

    async def refuse(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailableError("shop", "stopped")

    monkeypatch.setattr(DatabaseReader, "read", refuse)
    answer = ask(api, 3)

    assert answer.status_code == 200
    assert {product_id for product_id, _ in list_pairs(answer)} == expected
    assert answer.headers["x-rung"] == "local:popular"


def test_a_cart_holds_at_most_fifty_products(api: TestClient) -> None:
    assert ask(api, *range(50)).status_code == 200
    assert ask(api, *range(51)).status_code == 422
    assert ask(api, -1).status_code == 422
    assert ask(api, 1, limit=0).status_code == 422
    assert len(list_pairs(ask(api, 1, 999, 1, limit=1))) == 1


def test_a_list_and_a_cart_are_weighed_as_on_the_model_server() -> None:
    listed = [Entry(1, 9, 0.5, "bought_before"), Entry(2, 9, 0.1, "popular")]
    lists = {
        7: [Entry(2, 9, 0.3, "bought_together"), Entry(3, 9, 0.2, "bought_together"), Entry(4, 9, 0.9, "alike")],
        8: [Entry(2, 9, 0.4, "bought_together")],
    }

    merged, partners = merge_lists(lists, listed)

    expected = {1: 0.5, 2: 0.1 * (1 + CART_WEIGHT * 0.7), 3: 0.1 * (1 + CART_WEIGHT * 0.2)}
    assert {entry.product_id: entry.score for entry in merged} == pytest.approx(expected)
    assert partners == {2: 8, 3: 7}
    assert [entry.product_id for entry in merge_lists(lists, [])[0]] == [2, 3]
    assert cart.CART_WEIGHT == CART_WEIGHT
