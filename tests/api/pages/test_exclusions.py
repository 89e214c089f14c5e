"""What a shopper wants left out, on every list and at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from api.pages.exclusions import Exclusions, RememberedExclusions
from shop.database import session_scope
from shop.tables import BatchPointer, Recommendation
from tests.api.conftest import ModelServer
from tests.api.pages.test_home import HOME, change, shown
from tests.api.test_faults import wait_for_fallback


def choose(api: TestClient, kind: str, product_id: int, user_id: int = 1, **more: Any) -> int:
    answer = api.post(f"/users/{user_id}/choices", json={"kind": kind, "product_id": product_id, **more})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["choice_id"])


def home(api: TestClient, user_id: int = 1, **params: Any) -> list[int]:
    return shown(api.get(HOME, params={"user_id": user_id, **params}))


def test_a_product_goes_with_its_variants_at_once_and_comes_back(api: TestClient, published_shop: Engine) -> None:
    for product_id in (3, 5):
        change(published_shop, product_id, family_id=77)
    assert home(api) == [3, 1, 6]

    choice = choose(api, "not_interested_product", 3)
    without = home(api)
    api.delete(f"/users/1/choices/{choice}")

    assert without == [1, 6]
    assert home(api, user_id=2) == [5, 6, 1], "another shopper's page"
    assert home(api) == [3, 1, 6]


def test_a_kind_goes_from_every_rung(api: TestClient, published_shop: Engine) -> None:
    change(published_shop, 6, product_type="Bread")

    choose(api, "not_interested_type", 3)
    choose(api, "not_interested_type", 3, user_id=4)

    assert home(api) == [1, 5]
    assert home(api, user_id=4) == [1, 5], "popular, newest, and whatever can be sold"


@pytest.mark.parametrize("kind", [None, ""], ids=["null", "empty"])
def test_a_department_stands_for_those_of_its_products_that_have_no_kind(
    api: TestClient, published_shop: Engine, kind: str | None
) -> None:
    change(published_shop, 5, product_type=kind)

    for user_id in (1, 4):
        choose(api, "not_interested_type", 5, user_id=user_id)

    assert home(api) == [3, 1, 6], "juice has a kind of its own"
    assert sorted(home(api, user_id=4)) == [1, 3, 6]


def test_choices_hold_before_anything_is_published(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        session.execute(update(BatchPointer).values(name="elsewhere"))

    choose(api, "not_interested_type", 6)
    choose(api, "not_interested_product", 1)

    assert home(api) == [5, 3]


def test_what_is_refused_does_not_stand_beside_other_products(api: TestClient) -> None:
    choose(api, "not_interested_product", 3)

    mine, anybodys = (
        [each["product_id"] for each in api.get("/products/1/similar", params=params).json()["products"]]
        for params in ({"user_id": 1}, {})
    )

    assert (3 in anybodys, 3 in mine) == (True, False)
    assert [each for each in anybodys if each != 3] == mine


def test_the_model_servers_list_is_sifted_too(api: TestClient, model_server: ModelServer) -> None:
    model_server.answers[4] = [5, 6, 3]
    choose(api, "not_interested_product", 5, user_id=4)

    assert home(api, user_id=4) == [6, 3, 1]


def test_what_was_bought_for_others_alone_is_nothing_to_buy_again(api: TestClient) -> None:
    choose(api, "gift", 3, order_id=1)
    assert home(api) == [3, 1, 5, 6], "it was bought for oneself on 8 January"

    choose(api, "gift", 3, order_id=2)
    page = api.get(HOME, params={"user_id": 1, "explain": True}).json()["recommendations"]

    assert [product["product_id"] for product in page] == [1, 5, 6, 3]
    assert [product["reason"]["code"] for product in page][-1] == "popular", "it may be shown, but not as bought"


def test_a_reason_counts_no_gifts(api: TestClient) -> None:
    choose(api, "gift", 1, order_id=1)

    page = api.get(HOME, params={"user_id": 1, "explain": True}).json()["recommendations"]
    reasons = {product["product_id"]: product["reason"]["facts"] for product in page}

    assert (reasons[1]["num_orders"], reasons[1]["days_between"]) == (3, 7)
    assert reasons[3]["num_orders"] == 2


def test_choices_hold_without_the_database(published_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    api = open_api()
    choose(api, "not_interested_type", 5)
    before = home(api)
    lose_database(published_shop)

    answer = api.get(HOME, params={"user_id": 1})

    assert answer.headers["x-rung"].startswith("local:")
    assert shown(answer) == before
    assert 5 not in before


@pytest.mark.parametrize("kind", ["not_interested_product", "not_interested_type"])
def test_a_choice_holds_on_every_local_page_that_was_not_read_since(
    published_shop: Engine, open_api: Callable[..., TestClient], kind: str, tmp_path: Path
) -> None:
    api = open_api()
    wait_for_fallback(tmp_path)
    assert 5 in home(api)
    undone = choose(api, kind, 3)
    choose(api, kind, 5)
    api.delete(f"/users/1/choices/{undone}")
    lose_database(published_shop)

    pages = [_list_local(api, user_id) for user_id in (1, 2)]

    assert [5 in page for page in pages[0]] == [False] * 4
    assert [3 in page for page in pages[0]] == [True] * 4, "undone"
    assert [5 in page for page in pages[1]] == [True] * 4, "another shopper's"


def test_what_is_remembered_of_choices_is_bounded_and_ends_with_them() -> None:
    remembered, refused = RememberedExclusions(most=2), Exclusions(products=frozenset({5}))
    for user_id in (1, 2, 1, 3):
        remembered.note(user_id, refused)
    remembered.note(3, Exclusions(gifts=frozenset({(1, 5)})))

    assert [remembered.recall(each).leaves_out for each in (None, 1, 2, 3)] == [False, True, False, False]


def lose_database(shop: Engine) -> None:
    """Let no statement that begins a page be answered any more."""
    with shop.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE batch_pointer RENAME TO lost")


def _list_local(api: TestClient, user_id: int) -> list[list[int]]:
    """Ask for each kind of page; all of them come from the local fallback."""
    answers = [
        api.get(HOME, params={"user_id": user_id}),
        api.get("/recommendations/shelves", params={"user_id": user_id}),
        api.post("/recommendations/cart", json={"user_id": user_id, "product_ids": [1]}),
        api.get("/products/1/similar", params={"user_id": user_id}),
    ]
    assert {answer.headers["x-rung"].split(":")[0] for answer in answers} == {"local"}
    home_page, shelves, cart, similar = (answer.json() for answer in answers)
    lists = [home_page["recommendations"], [each for shelf in shelves["shelves"] for each in shelf["products"]]]
    lists += [cart["products"], similar["products"]]
    return [[product["product_id"] for product in each] for each in lists]


def test_a_shopper_without_choices_costs_no_read_more(
    api: TestClient, published_shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.pages.shopper.load_exclusions", lambda *_: pytest.fail("they were read"))
    with session_scope(published_shop) as session:
        session.execute(update(Recommendation).values(user_id=Recommendation.user_id))

    assert home(api) == [3, 1, 5, 6]
    assert home(api, user_id=4) == [1, 3, 5, 6]
