from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text

from api.application import create_app
from api.orders.pricing import CheckoutError, PricedLine, choose_coupons, count_products, price_lines, redeem
from api.queries.coupons import HeldCoupon
from api.schemas import CartLine
from settings import Settings
from shop.database import session_scope
from shop.money import DOLLAR
from shop.tables import Coupon, Order, Product, UserCoupon
from tests.api.conftest import PATIENT


@pytest.fixture
def sell(published_shop: Engine, tmp_path: Path, sqlite_url: str) -> Callable[..., tuple[Any, Any, Decimal]]:
    """Quote and order one product with one coupon, in a shop of a currency."""

    def quote_and_order(currency: str, price: str, quantity: int, **coupon: Any) -> tuple[Any, Any, Decimal]:
        now = datetime.now(UTC)
        dates = {"valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=1)}
        with session_scope(published_shop) as session:
            session.get_one(Product, 3).price = Decimal(price)
            session.add(Coupon(coupon_id=9, code="NINE", name="Nine", **dates, **coupon))
            session.flush()
            session.add(UserCoupon(user_id=1, coupon_id=9, issued_at=now - timedelta(hours=1)))
        settings = Settings(
            var_dir=tmp_path, shop_database_url=sqlite_url, platform_database_url=sqlite_url, currency=currency
        )
        cart = {"user_id": 1, "items": [{"product_id": 3, "quantity": quantity}]}
        with TestClient(create_app(settings, PATIENT)) as api:
            quote = api.post("/orders/quote", json=cart).json()
            checkout = cart | {"order_key": "k", "coupon_ids": [9], "expected_total": quote["total_amount"]}
            receipt = api.post("/orders", json=checkout).json()
        with session_scope(published_shop) as session:
            charged = session.scalars(select(Order.total_amount).order_by(Order.order_id.desc())).first()
        assert charged is not None
        return quote, receipt, charged

    return quote_and_order


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "coupon", "total"),
    [
        ("KRW", "1350", 1, ("percent", "7"), "1256"),
        ("KRW", "1350", 3, ("percent", "7"), "3765"),
        ("KRW", "1350", 1, ("amount", "0.50"), "1350"),
        ("KRW", "1350.50", 2, ("percent", "0"), "2702"),
        ("KWD", "1.255", 1, ("percent", "7"), "1.168"),
        ("KWD", "0.005", 3, ("amount", "0.001"), "0.012"),
        ("USD", "13.50", 1, ("percent", "7"), "12.56"),
        ("USD", "2.50", 3, ("amount", "1.00"), "6.48"),
    ],
    ids=[
        "percent of won",
        "won that do not divide",
        "half a won off",
        "half a won",
        "percent of fils",
        "fils",
        "percent of cents",
        "cents",
    ],
)
def test_what_is_charged_is_whole_minor_units_and_what_was_quoted(
    sell: Callable[..., tuple[Any, Any, Decimal]],
    currency: str,
    price: str,
    quantity: int,
    coupon: tuple[str, str],
    total: str,
) -> None:
    kind, value = coupon

    quote, receipt, charged = sell(currency, price, quantity, discount_type=kind, discount_value=Decimal(value))

    assert charged == Decimal(total)
    assert quote["total_amount"] == receipt["total_amount"] == float(total)
    [line] = receipt["items"]
    assert line["unit_price"] * quantity == receipt["total_amount"]


def line(product_id: int, price: str, quantity: int = 1, category_id: int = 1) -> PricedLine:
    item = CartLine(product_id=product_id, quantity=quantity)
    return PricedLine(item, category_id, Decimal(price), DOLLAR)


def coupon(coupon_id: int, amount: str, product_id: int | None = None, category_id: int | None = None) -> HeldCoupon:
    return HeldCoupon(
        user_coupon_id=100 + coupon_id,
        coupon_id=coupon_id,
        code=f"C{coupon_id}",
        name="",
        discount_type="amount",
        discount_value=Decimal(amount),
        valid_until=datetime(2027, 1, 1, tzinfo=UTC),
        product_id=product_id,
        category_id=category_id,
    )


def test_a_coupon_goes_to_the_dearest_line_that_it_covers_of_equal_ones_to_the_first() -> None:
    lines = [line(1, "2.00"), line(2, "5.00"), line(3, "5.00"), line(4, "9.00", category_id=2)]

    reduced, used = redeem(lines, [coupon(1, "1.00", category_id=1), coupon(2, "1.00", category_id=1)])

    assert [(redemption.coupon.coupon_id, redemption.place) for redemption in used] == [(1, 1), (2, 2)]
    assert [each.saved for each in reduced] == [Decimal(0), Decimal("1.00"), Decimal("1.00"), Decimal(0)]


def test_a_line_takes_one_coupon_and_what_finds_no_line_is_not_used() -> None:
    lines = [line(1, "5.00")]

    reduced, used = redeem(lines, [coupon(1, "1.00"), coupon(2, "2.00"), coupon(3, "1.00", product_id=7)])

    assert [redemption.coupon.coupon_id for redemption in used] == [1]
    assert reduced[0].total == Decimal("4.00")


def test_the_coupons_that_take_off_most_come_first_and_a_tie_goes_to_the_first_held() -> None:
    lines = [line(1, "5.00"), line(2, "3.00")]
    held = [coupon(1, "1.00"), coupon(2, "2.00"), coupon(3, "2.00"), coupon(4, "1.00", product_id=9)]

    assert [each.coupon_id for each in choose_coupons(lines, held)] == [2, 3]


@pytest.mark.parametrize(("num_lines", "chosen"), [(9, 9), (10, 10), (11, 10)])
def test_no_more_coupons_are_chosen_than_a_checkout_takes(num_lines: int, chosen: int) -> None:
    lines = [line(product_id, "5.00") for product_id in range(num_lines)]

    assert len(choose_coupons(lines, [coupon(number, "1.00") for number in range(12)])) == chosen


def test_units_of_a_product_add_up_over_all_lines() -> None:
    items = [CartLine(product_id=product, quantity=quantity) for product, quantity in ((1, 2), (3, 1), (1, 5))]

    assert count_products(items) == {1: 7, 3: 1}


@pytest.mark.parametrize("price", ["0", "9999999999.99"])
def test_the_whole_stock_may_be_bought_at_any_price_that_a_column_holds(tiny_shop: Engine, price: str) -> None:
    with session_scope(tiny_shop) as session:
        session.get_one(Product, 3).price, session.get_one(Product, 3).stock = Decimal(price), 4

    with tiny_shop.connect() as connection:
        [priced] = price_lines(connection, [CartLine(product_id=3, quantity=4)], DOLLAR)
        with pytest.raises(CheckoutError) as refused:
            price_lines(connection, [CartLine(product_id=3, quantity=5)], DOLLAR)

    assert priced.price == Decimal(price)
    assert refused.value.details[0].problem == "4 left, 5 wanted"


@pytest.mark.parametrize(
    "changes",
    ["is_visible = 0", "price = 10000000000", "price = 9e999"],
    ids=["hidden", "too large", "infinite"],
)
def test_what_is_not_sold_is_named_and_refused(tiny_shop: Engine, changes: str) -> None:
    with tiny_shop.begin() as connection:
        connection.execute(text(f"UPDATE products SET stock = 4, {changes} WHERE product_id = 3"))

    with tiny_shop.connect() as connection, pytest.raises(CheckoutError, match="change the cart") as refused:
        price_lines(connection, [CartLine(product_id=3, quantity=1)], DOLLAR)

    assert [(one.field, one.problem) for one in refused.value.details] == [("product 3", "is not sold any more")]


def test_a_coupon_of_a_product_finds_its_line() -> None:
    lines = [line(1, "5.00"), line(2, "3.00")]

    _, used = redeem(lines, [coupon(1, "1.00", product_id=2)])

    assert [redemption.place for redemption in used] == [1]
