"""The routes of a shopper's choices: made, listed, undone, and what is refused."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from shop.database import session_scope
from shop.tables import ShopperChoice

CHOICES = "/users/1/choices"


def choose(api: TestClient, kind: str, product_id: Any, path: str = CHOICES, **more: Any) -> httpx.Response:
    return api.post(path, json={"kind": kind, "product_id": product_id, **more})


def listed(api: TestClient) -> list[tuple[str, int, int | None]]:
    choices = api.get(CHOICES).json()["choices"]
    return [(choice["kind"], choice["product_id"], choice["order_id"]) for choice in choices]


def test_choices_are_listed_newest_first_with_what_they_are_about(api: TestClient) -> None:
    choose(api, "not_interested_type", 5)
    made = choose(api, "gift", 1, order_id=3)

    newest, oldest = api.get(CHOICES).json()["choices"]

    assert newest == made.json()
    assert (newest["kind"], newest["title"], newest["order_id"]) == ("gift", "Whole Milk 1 l", 3)
    assert (oldest["product_type"], oldest["category_name"], oldest["order_id"]) == ("Cola", "Drinks", None)


def test_the_same_again_changes_nothing(api: TestClient) -> None:
    first, again = choose(api, "not_interested_product", 3), choose(api, "not_interested_product", 3)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(listed(api)) == 1


def test_a_kind_chosen_at_another_product_of_it_is_the_same_choice(api: TestClient, published_shop: Engine) -> None:
    with published_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET product_type = 'Cola' WHERE product_id = 6")

    first, again = choose(api, "not_interested_type", 5), choose(api, "not_interested_type", 6)

    assert first.json()["choice_id"] == again.json()["choice_id"]


def test_what_is_undone_keeps_its_row_and_can_be_chosen_again(api: TestClient, published_shop: Engine) -> None:
    first = choose(api, "not_interested_product", 3).json()
    undone = [api.delete(f"{CHOICES}/{first['choice_id']}").status_code for _ in range(2)]
    nothing = listed(api)

    again = choose(api, "not_interested_product", 3)

    assert (undone, nothing) == ([204, 204], [])
    assert (again.status_code, again.json()["choice_id"]) == (201, first["choice_id"])
    assert again.json()["made_at"] > first["made_at"]
    with session_scope(published_shop) as session:
        (row,) = session.scalars(select(ShopperChoice)).all()
        assert (row.undone_at, row.updated_at >= row.created_at) == (None, True)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (CHOICES, {"kind": "not_interested_product", "product_id": 999}, 404),
        ("/users/999/choices", {"kind": "not_interested_product", "product_id": 3}, 404),
        (CHOICES, {"kind": "gift", "product_id": 3, "order_id": 4}, 404),
        (CHOICES, {"kind": "gift", "product_id": 5, "order_id": 1}, 404),
        (CHOICES, {"kind": "gift", "product_id": 3}, 422),
        (CHOICES, {"kind": "not_interested_product", "product_id": 3, "order_id": 1}, 422),
        (CHOICES, {"kind": "bored", "product_id": 3}, 422),
        (CHOICES, {"kind": "gift", "product_id": 3, "order_id": 1, "reason": "x"}, 422),
    ],
    ids=[
        *("no product", "no shopper", "another's order", "not in the order"),
        *("no order", "an order too many", "no kind", "a field too many"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_words(
    api: TestClient, path: str, body: dict[str, Any], status: int
) -> None:
    answer = api.post(path, json=body)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert listed(api) == []


def test_nobody_undoes_anothers_choice(api: TestClient) -> None:
    made = choose(api, "not_interested_product", 3).json()["choice_id"]

    assert api.delete(f"/users/2/choices/{made}").status_code == 404
    assert api.delete(f"{CHOICES}/999").status_code == 404
    assert len(listed(api)) == 1


def test_a_shopper_makes_a_bounded_number(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.queries.choices.MOST_CHOICES", 2)
    monkeypatch.setattr("api.queries.choices.MOST_ROWS", 3)
    made = [choose(api, "not_interested_product", product_id) for product_id in (1, 2, 3)]
    assert [answer.status_code for answer in made] == [201, 201, 409]

    api.delete(f"{CHOICES}/{made[0].json()['choice_id']}")
    third = choose(api, "not_interested_product", 3)
    api.delete(f"{CHOICES}/{third.json()['choice_id']}")

    assert third.status_code == 201
    assert choose(api, "not_interested_product", 4).status_code == 409, "no row more"
    assert choose(api, "not_interested_product", 1).status_code == 201, "one that was made before"


def test_choices_of_a_shop_of_text_name_its_own_ids(text_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    api = open_api()
    path = "/users/a%40b.example/choices"

    made = choose(api, "gift", "a/b c", path, order_id="#01001")
    refused = choose(api, "gift", "a/b c", path, order_id="b2")

    assert made.status_code == 201
    assert (made.json()["product_id"], made.json()["category_id"]) == ("a/b c", "Brot & Back")
    assert made.json()["order_id"] == "#01001"
    assert refused.status_code == 404
    assert api.get(path).json()["choices"] == [made.json()]
    assert api.delete(f"{path}/{made.json()['choice_id']}").status_code == 204
