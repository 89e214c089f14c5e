"""Simulated business follows the shop's own rules, on both databases."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from shop.simulate import EmptyShopError, Habits, simulate
from shop.tables import Order, OrderItem, Product
from tests.support.tiny_shop import fill_tiny_shop


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


def test_business_happens_and_is_counted(shop: Engine) -> None:
    business = simulate(shop, 12, seed=1, late_seconds=0)

    with Session(shop) as session:
        new = session.scalars(select(Order).where(Order.order_id > 7)).all()
        num_items = session.scalar(select(func.count()).select_from(OrderItem))
    assert len(new) == business.orders == 12
    assert num_items == 10 + business.order_items
    assert sum(order.status == "cancelled" for order in new) == business.cancelled_orders > 0
    assert business.deleted_products == 1
    assert business.repriced_products == business.late_orders == 1


def test_totals_are_the_sum_of_the_lines_and_hidden_products_are_not_sold(shop: Engine) -> None:
    simulate(shop, 20, seed=2, late_seconds=0)

    with Session(shop) as session:
        for order in session.scalars(select(Order).where(Order.order_id > 7)):
            lines = session.scalars(select(OrderItem).where(OrderItem.order_id == order.order_id)).all()
            assert order.total_amount == sum((line.unit_price * line.quantity for line in lines), Decimal(0))
            assert not {line.product_id for line in lines} & {2, 4}, "product 2 is hidden, 4 is sold out"
        assert min(session.scalars(select(Product.stock))) >= 0


def test_late_orders_are_stamped_before_the_others(shop: Engine) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)

    simulate(shop, 10, seed=3, habits=Habits(late=0.3), late_seconds=0)

    with Session(shop) as session:
        stamps = session.scalars(select(Order.updated_at).where(Order.order_id > 7).order_by(Order.order_id)).all()
    assert before < max(stamps[-3:]) <= min(stamps[:-3])


def test_an_empty_shop_says_what_to_do(empty_shop: Engine) -> None:
    with pytest.raises(EmptyShopError, match=r"python -m shop\.load"):
        simulate(empty_shop, 1)
