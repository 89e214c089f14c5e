from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from api.application import create_app
from settings import Settings
from shop.database import session_scope
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
        settings = Settings(var_dir=tmp_path, shop_database_url=sqlite_url, currency=currency)
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
