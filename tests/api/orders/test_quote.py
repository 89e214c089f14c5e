from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from api.orders.pricing import PricedLine, choose_coupons, redeem
from api.queries.coupons import HeldCoupon
from api.schemas import MAX_COUPONS, CartLine
from shop.database import session_scope
from shop.money import DOLLAR
from shop.tables import Coupon, Order, Product, UserCoupon

MILK, BREAD = {"product_id": 1, "quantity": 2}, {"product_id": 3, "quantity": 1}
"""2 x 2.50 from category 1, and 3.00 from category 2."""


def hold(engine: Engine, coupon_id: int, **fields: Any) -> None:
    """Put a coupon into the first user's hands: 10 % on everything, unless said otherwise."""
    now = datetime.now(UTC)
    values = {"coupon_id": coupon_id, "code": f"C{coupon_id}", "name": "Week", "discount_type": "percent"}
    values |= {"discount_value": Decimal(10), "valid_from": now - timedelta(days=1), "valid_until": now + timedelta(9)}
    with session_scope(engine) as session:
        session.add(Coupon(**values | fields))
        session.flush()
        session.add(UserCoupon(user_id=1, coupon_id=coupon_id, issued_at=now - timedelta(hours=1)))


def ask(api: TestClient, *items: dict[str, int], user_id: int = 1, without: tuple[int, ...] = ()) -> Any:
    cart = {"user_id": user_id, "items": list(items), "without_coupon_ids": list(without)}
    answer = api.post("/orders/quote", json=cart)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_without_coupons_a_cart_costs_what_its_lines_cost(api: TestClient) -> None:
    assert ask(api, MILK, BREAD) == {"total_before_coupons": 8.0, "total_amount": 8.0, "coupons": []}


def test_a_coupon_is_named_with_its_product_and_what_it_takes_off(api: TestClient, published_shop: Engine) -> None:
    hold(published_shop, 20, category_id=1)

    quote = ask(api, BREAD, MILK)

    assert (quote["total_before_coupons"], quote["total_amount"]) == (8.0, 7.5)
    [coupon] = quote["coupons"]
    assert (coupon["coupon_id"], coupon["product_id"], coupon["discount_amount"]) == (20, 1, 0.5)


def test_the_coupons_that_take_off_most_are_chosen_one_for_each_line(api: TestClient, published_shop: Engine) -> None:
    hold(published_shop, 20)
    hold(published_shop, 21, product_id=1, discount_value=Decimal(30))
    hold(published_shop, 22, product_id=1, discount_value=Decimal(20))

    quote = ask(api, MILK, BREAD)

    assert [(each["coupon_id"], each["product_id"]) for each in quote["coupons"]] == [(21, 1), (20, 3)]
    assert quote["total_amount"] == 8.0 - 1.5 - 0.3


def test_a_coupon_that_is_kept_for_another_time_gives_way_to_the_next(api: TestClient, published_shop: Engine) -> None:
    hold(published_shop, 21, product_id=1, discount_value=Decimal(30))
    hold(published_shop, 22, product_id=1, discount_value=Decimal(20))

    others = ask(api, MILK, without=(21,))
    none = ask(api, MILK, without=(22, 21))

    assert ([each["coupon_id"] for each in others["coupons"]], others["total_amount"]) == ([22], 4.0)
    assert (none["coupons"], none["total_amount"]) == ([], 5.0)


def test_a_checkout_charges_what_was_quoted(api: TestClient, published_shop: Engine) -> None:
    hold(published_shop, 20, category_id=2)
    hold(published_shop, 21, discount_type="amount", discount_value=Decimal("0.33"))
    items = [{"product_id": 1, "quantity": 7}, BREAD]
    quote = ask(api, *items)

    coupons = [coupon["coupon_id"] for coupon in quote["coupons"]]
    cart = {"order_key": "k", "user_id": 1, "items": items, "coupon_ids": coupons}
    answer = api.post("/orders", json=cart | {"expected_total": quote["total_amount"]})

    assert (answer.status_code, answer.json()["total_amount"]) == (201, quote["total_amount"])
    assert ask(api, *items)["coupons"] == []


def test_a_quote_orders_nothing_and_takes_nothing(api: TestClient, published_shop: Engine) -> None:
    hold(published_shop, 20)

    assert ask(api, MILK) == ask(api, MILK)

    with session_scope(published_shop) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 7
        assert session.scalar(select(Product.stock).where(Product.product_id == 1)) == 40


def test_coupons_of_others_do_not_count(api: TestClient, published_shop: Engine) -> None:
    hold(published_shop, 20)

    assert ask(api, MILK, user_id=2)["coupons"] == []
    assert ask(api, MILK, user_id=77)["coupons"] == []


@pytest.mark.parametrize(
    ("item", "named"),
    [({"product_id": 4, "quantity": 1}, "product 4"), ({"product_id": 3, "quantity": 26}, "product 3")],
    ids=["sold out", "too many"],
)
def test_what_cannot_be_had_is_named(api: TestClient, item: dict[str, int], named: str) -> None:
    answer = api.post("/orders/quote", json={"user_id": 1, "items": [MILK, item]})

    assert answer.status_code == 409
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [named]


cents = st.integers(1, 5000).map(lambda number: Decimal(number) / 100)
lines = st.builds(
    lambda product_id, quantity, price: PricedLine(
        CartLine(product_id=product_id, quantity=quantity), category_id=product_id % 3, price=price, currency=DOLLAR
    ),
    st.integers(1, 6),
    st.integers(1, 9),
    cents,
)
coupons = st.builds(
    lambda number, kind, value, product_id, category_id: HeldCoupon(
        number, number, "C", "C", kind, value, datetime(2030, 1, 1, tzinfo=UTC), product_id, category_id
    ),
    st.integers(1, 30),
    st.sampled_from(["percent", "amount"]),
    cents,
    st.none() | st.integers(1, 6),
    st.none() | st.integers(0, 2),
)


@settings(deadline=None)
@given(st.lists(lines, min_size=1, max_size=6), st.lists(coupons, max_size=14))
def test_what_is_chosen_is_all_used_and_each_saves_something(cart: list[PricedLine], held: list[HeldCoupon]) -> None:
    chosen = choose_coupons(cart, held)

    reduced, used = redeem(cart, chosen)

    assert [each.coupon for each in used] == chosen
    assert len({coupon.coupon_id for coupon in chosen}) == len(chosen) <= MAX_COUPONS
    assert len({each.place for each in used}) == len(used)
    assert all(reduced[each.place].saved > 0 for each in used)
    assert all(line.total >= 0 for line in reduced)
