"""Queries of one shopper's purchases, just now and before; lines below zero gave something back and are none."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, or_, select

from shop.tables import Order, OrderItem

REPEATS = 2
"""Orders of a product that make it one of the kind that the shopper buys again."""

MAX_KEPT = 300


OrderLine = tuple[int, int]
"""A line of an order: the order's id and the product's."""


class Habit(NamedTuple):
    """How a shopper bought one product."""

    num_orders: int
    first_at: datetime
    last_at: datetime

    @property
    def days_between(self) -> float:
        """Mean days from one order to the next; meaningless for a single order."""
        return (self.last_at - self.first_at).total_seconds() / 86400 / max(1, self.num_orders - 1)


_NUM_ORDERS = func.count(Order.order_id.distinct())
_OF_USER = (
    select(OrderItem.product_id, _NUM_ORDERS, func.min(Order.ordered_at), func.max(Order.ordered_at))
    .join(Order, Order.order_id == OrderItem.order_id)
    .where(Order.status != "cancelled", OrderItem.quantity > 0)
    .group_by(OrderItem.product_id)
)


def fetch_just_bought(connection: Connection, user_id: int, hours: float) -> set[int]:
    """Find what a user bought in the last hours and does not reorder regularly."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    lately = (
        select(OrderItem.product_id)
        .join(Order, Order.order_id == OrderItem.order_id)
        .where(Order.user_id == user_id, Order.ordered_at > since, Order.status != "cancelled", OrderItem.quantity > 0)
    )
    bought = set(connection.execute(lately.limit(MAX_KEPT)).scalars())
    if not bought:
        return bought
    before = _OF_USER.where(Order.user_id == user_id, Order.ordered_at <= since, OrderItem.product_id.in_(bought))
    return bought - {row.product_id for row in connection.execute(before.having(_NUM_ORDERS >= REPEATS))}


def fetch_habits(
    connection: Connection, user_id: int, before: datetime, gifts: Collection[OrderLine] = ()
) -> dict[int, Habit]:
    """Read how a user bought each product before an instant: the products bought most often.

    Args:
        connection: to the shop's database.
        user_id: the user.
        before: later orders do not count.
        gifts: lines that do not count either.
    """
    habits = _OF_USER.where(Order.user_id == user_id, Order.ordered_at < before)
    if gifts:
        habits = habits.where(is_none_of(gifts))
    often_first = habits.order_by(_NUM_ORDERS.desc(), OrderItem.product_id)
    return {row[0]: Habit(*row[1:]) for row in connection.execute(often_first)}


def is_none_of(lines: Collection[OrderLine]) -> ColumnElement[bool]:
    """Write the condition that a line of an order is none of some."""
    same = (and_(OrderItem.order_id == order_id, OrderItem.product_id == product_id) for order_id, product_id in lines)
    return not_(or_(false(), *same))
