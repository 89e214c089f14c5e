from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from api.orders.checkout import place_order
from api.orders.pricing import CheckoutError
from api.schemas import Checkout
from api.web.request_ids import UNVERIFIED
from shop.database import session_scope
from shop.money import DOLLAR
from shop.tables import Coupon, Event, Order, OrderItem, PlacedCheckout, Product, UserCoupon
from tests.api.orders.test_outbox import wait_for_delivery
from tests.support.tiny_shop import fill_tiny_shop

SOURCE = {"request_id": "r-1", "position": 2, "batch_id": "b-1", "model_version": "7", "rung": "published"}


def cart(key: str = "cart-1", **fields: Any) -> dict[str, Any]:
    return {"order_key": key, "user_id": 1, "items": [{"product_id": 1, "quantity": 2}]} | fields


def count(engine: Engine, table: type) -> int:
    with session_scope(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def stock(engine: Engine, product_id: int) -> int:
    with session_scope(engine) as session:
        return session.scalar(select(Product.stock).where(Product.product_id == product_id)) or 0


def issue_coupon(engine: Engine, times: int = 1, **fields: Any) -> None:
    now = datetime.now(UTC)
    values = {"coupon_id": 9, "code": "NINE", "name": "Nine", "discount_type": "percent", "discount_value": Decimal(10)}
    values |= {"valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=1)}
    with session_scope(engine) as session:
        session.add(Coupon(**values | fields))
        session.flush()
        session.add_all(UserCoupon(user_id=1, coupon_id=9, issued_at=now - timedelta(hours=1)) for _ in range(times))


def test_an_order_takes_todays_price_and_the_stock(api: TestClient, published_shop: Engine) -> None:
    answer = api.post("/orders", json=cart(items=[{"product_id": 1, "quantity": 2}, {"product_id": 5, "quantity": 1}]))

    receipt = answer.json()
    assert (answer.status_code, receipt["status"], receipt["total_amount"]) == (201, "paid", 6.99)
    assert [(line["product_id"], line["quantity"], line["unit_price"]) for line in receipt["items"]] == [
        (1, 2, 2.5),
        (5, 1, 1.99),
    ]
    assert (stock(published_shop, 1), stock(published_shop, 5)) == (38, 99)
    newest = api.get("/users/1/orders", params={"limit": 1}).json()["orders"][0]
    assert newest == {name: value for name, value in receipt.items() if name != "is_repeat"}


def test_the_same_key_orders_once(api: TestClient, published_shop: Engine) -> None:
    first, again = api.post("/orders", json=cart()), api.post("/orders", json=cart())

    assert (again.status_code, again.json()) == (200, first.json() | {"is_repeat": True})
    assert (count(published_shop, Order), stock(published_shop, 1)) == (8, 38)


def test_a_key_of_another_user_is_refused_without_showing_the_order(api: TestClient) -> None:
    api.post("/orders", json=cart())

    answer = api.post("/orders", json=cart(user_id=2))

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert "items" not in answer.json()


@pytest.mark.parametrize(
    "other",
    [
        {"items": [{"product_id": 1, "quantity": 3}]},
        {"items": [{"product_id": 5, "quantity": 2}]},
        {"expected_total": 5.0},
        {"coupon_ids": [9]},
    ],
    ids=["quantity", "product", "expected total", "coupon"],
)
def test_the_same_key_with_another_cart_is_refused(api: TestClient, published_shop: Engine, other: Any) -> None:
    api.post("/orders", json=cart())

    answer = api.post("/orders", json=cart(**other))

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert (count(published_shop, Order), stock(published_shop, 1)) == (8, 38)


def test_a_key_from_before_carts_were_hashed_still_gives_its_order(api: TestClient, published_shop: Engine) -> None:
    api.post("/orders", json=cart())
    with session_scope(published_shop) as session:
        session.execute(update(PlacedCheckout).values(cart_hash=None))

    assert api.post("/orders", json=cart()).status_code == 200


@pytest.mark.parametrize("times", [1, 2])
def test_a_coupon_takes_off_as_often_as_it_is_held_however_many_orders_ask_at_once(
    any_empty_shop: Engine, times: int
) -> None:
    fill_tiny_shop(any_empty_shop)
    issue_coupon(any_empty_shop, times)
    start = Barrier(4)

    def order(number: int) -> list[str]:
        lines = [{"product_id": (1, 3, 5, 6)[number], "quantity": 1}]
        plain, reduced = cart(f"plain-{number}", items=lines), cart(f"cart-{number}", items=lines, coupon_ids=[9])
        outcomes = [_try_order(any_empty_shop, Checkout(**plain))]  # opens the connection
        start.wait()
        return [*outcomes, _try_order(any_empty_shop, Checkout(**reduced))]

    with ThreadPoolExecutor(4) as threads:
        outcomes = [each for several in threads.map(order, range(4)) for each in several]

    with session_scope(any_empty_shop) as session:
        reduced = session.scalar(select(func.count()).where(OrderItem.order_id > 7, OrderItem.discount_amount > 0))
    assert (outcomes.count("new"), reduced) == (4 + times, times)


@pytest.mark.parametrize("wrong", ["2", True, 2.0, 2.5], ids=repr)
@pytest.mark.parametrize("field", ["product_id", "quantity"])
def test_a_number_of_a_cart_is_written_as_a_whole_number(api: TestClient, field: str, wrong: Any) -> None:
    item = {"product_id": 1, "quantity": 2} | {field: wrong}

    assert api.post("/orders", json=cart(items=[item])).status_code == 422
    assert api.post("/orders/quote", json={"user_id": 1, "items": [item]}).status_code == 422


def test_a_cart_that_costs_more_than_an_order_can_hold_is_refused(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        session.execute(update(Product).values(price=Decimal("9999999999.00")))

    answer = api.post("/orders", json=cart())

    assert answer.status_code == 409
    assert "at most 9999999999.99" in answer.json()["error"]["details"][0]["problem"]


def test_each_line_becomes_an_event_that_names_its_source(api: TestClient, published_shop: Engine) -> None:
    shown = api.get("/recommendations/home", params={"user_id": 1}).headers
    genuine = SOURCE | {"request_id": shown["x-request-id"], "batch_id": shown["x-batch-id"]}
    lines = [
        {"product_id": 1, "quantity": 1, "source": genuine},
        {"product_id": 5, "quantity": 1},
        {"product_id": 3, "quantity": 1, "source": SOURCE},
    ]

    answer = api.post("/orders", json=cart(items=lines))
    wait_for_delivery(published_shop)

    with session_scope(published_shop) as session:
        first, second, third = session.scalars(select(Event).order_by(Event.event_key)).all()
        assert (first.event_type, first.product_id, first.user_id) == ("order", 1, 1)
        assert (first.request_id, first.position, first.model_version, first.rung) == (
            shown["x-request-id"],
            2,
            "7",
            "published",
        )
        assert (second.product_id, second.request_id, second.rung) == (5, answer.headers["x-request-id"], None)
        assert (third.request_id, third.position, third.model_version, third.rung) == ("r-1", None, None, UNVERIFIED)


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ([{"product_id": 4, "quantity": 1}], ["product 4"]),
        ([{"product_id": 2, "quantity": 1}, {"product_id": 99, "quantity": 1}], ["product 2", "product 99"]),
        ([{"product_id": 3, "quantity": 20}, {"product_id": 3, "quantity": 6}], ["product 3"]),
    ],
    ids=["sold out", "hidden and unknown", "too many on two lines"],
)
def test_what_cannot_be_had_is_named_and_nothing_is_ordered(
    api: TestClient, published_shop: Engine, items: list[dict[str, int]], named: list[str]
) -> None:
    answer = api.post("/orders", json=cart(items=items))

    assert answer.status_code == 409
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == named
    assert (count(published_shop, Order), stock(published_shop, 3)) == (7, 25)


def test_all_that_is_left_can_be_had(api: TestClient, published_shop: Engine) -> None:
    answer = api.post("/orders", json=cart(items=[{"product_id": 3, "quantity": 20}, {"product_id": 3, "quantity": 5}]))

    assert (answer.status_code, stock(published_shop, 3)) == (201, 0)


def test_a_price_that_moved_is_not_charged_unseen(api: TestClient) -> None:
    answers = [api.post("/orders", json=cart(expected_total=total)) for total in (4.99, 5.0)]

    assert [answer.status_code for answer in answers] == [409, 201]


def test_a_coupon_is_redeemed_once(api: TestClient, published_shop: Engine) -> None:
    issue_coupon(published_shop, product_id=1)
    named = api.get("/products/1", params={"user_id": 1}).json()["coupons"]

    receipt = api.post("/orders", json=cart(coupon_ids=[9])).json()
    again = api.post("/orders", json=cart("cart-2", coupon_ids=[9]))

    assert [coupon["code"] for coupon in named] == ["NINE"]
    assert (receipt["total_amount"], receipt["items"][0]["discount_amount"]) == (4.5, 0.5)
    assert (again.status_code, again.json()["error"]["details"][0]["field"]) == (409, "coupon 9")
    assert api.get("/products/1", params={"user_id": 1}).json()["coupons"] == []


@pytest.mark.parametrize(
    "fields",
    [{"valid_until": datetime.now(UTC) - timedelta(minutes=1)}, {"valid_from": datetime.now(UTC) + timedelta(hours=9)}],
    ids=["expired", "not yet"],
)
def test_a_coupon_outside_its_time_is_neither_shown_nor_redeemed(
    api: TestClient, published_shop: Engine, fields: dict[str, Any]
) -> None:
    issue_coupon(published_shop, product_id=1, **fields)

    assert api.get("/products/1", params={"user_id": 1}).json()["coupons"] == []
    assert api.post("/orders", json=cart(coupon_ids=[9])).status_code == 409


def test_cents_that_do_not_divide_are_the_shoppers(api: TestClient, published_shop: Engine) -> None:
    issue_coupon(published_shop, discount_type="amount", discount_value=Decimal("1.00"))

    line = api.post("/orders", json=cart(items=[{"product_id": 1, "quantity": 3}], coupon_ids=[9])).json()["items"][0]

    assert (line["unit_price"], line["discount_amount"]) == (2.16, 1.02)


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"user_id": 77}, 404), ({"items": []}, 422), ({"items": [{"product_id": 1, "quantity": 0}]}, 422)],
    ids=["unknown user", "empty cart", "none of it"],
)
def test_carts_that_make_no_sense_are_refused(api: TestClient, fields: dict[str, Any], status: int) -> None:
    assert api.post("/orders", json=cart(**fields)).status_code == status


def test_the_last_ones_are_sold_once_however_many_ask(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    carts = [Checkout(**cart(f"cart-{number % 20}", items=[{"product_id": 3, "quantity": 3}])) for number in range(40)]

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(lambda each: _try_order(any_empty_shop, each), carts))

    with session_scope(any_empty_shop) as session:
        sold = session.scalar(select(func.sum(OrderItem.quantity)).where(OrderItem.order_id > 7))
    assert outcomes.count("new") == 8
    assert (sold, stock(any_empty_shop, 3)) == (24, 1)


def _try_order(engine: Engine, checkout: Checkout) -> str:
    try:
        return "repeat" if place_order(engine, checkout, DOLLAR, []).is_repeat else "new"
    except CheckoutError:
        return "refused"


def test_orders_of_a_user_are_paged_newest_first(api: TestClient, open_api: Callable[..., TestClient]) -> None:
    first = api.get("/users/1/orders", params={"limit": 3}).json()
    second = api.get("/users/1/orders", params={"limit": 3, "cursor": first["next_cursor"]}).json()

    assert [order["order_id"] for order in first["orders"] + second["orders"]] == [7, 3, 2, 1]
    assert second["next_cursor"] is None
    assert [line["title"] for line in second["orders"][0]["items"]] == ["Whole Milk 1 l", "White Bread"]
    assert api.get("/users/77/orders").status_code == 404


def test_a_demonstration_offers_shoppers_of_each_kind(api: TestClient) -> None:
    users = api.get("/users").json()["users"]

    kinds = {each["user_id"]: each["kind"] for each in users}
    assert kinds == {1: "light", 2: "new", 3: "new", 4: "new"}
