"""Queries of one shopper's purchases, just now and before; lines below zero gave something back and are none."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select, true

from api.db.statements import IDS, Prepared
from shop.tables import Order, OrderItem, Product

DUE_SHARE = 0.5
"""Of the shopper's own interval of a product that passes before it is due again."""

USUAL_DAYS = 28
"""Interval of a product that the shopper ordered once, in days: nobody knows better yet."""

MAX_KEPT = 300
FAVOURITE_CATEGORIES = 5


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

    def find_due(self, least: timedelta) -> datetime:
        """Return when the product is due again: a share of its interval after the last order, `least` at any rate."""
        days = self.days_between if self.num_orders > 1 else USUAL_DAYS
        return self.last_at + max(least, timedelta(days=DUE_SHARE * days))


class NotDue(NamedTuple):
    """What a shopper bought lately and needs no more of yet: ids of products, and of their families."""

    products: set[int]
    families: set[int]


class UnrankedLine(NamedTuple):
    """A line of an order that no ranking knew yet."""

    order_id: int
    product_id: int
    quantity: int
    unit_price: Decimal
    discount_amount: Decimal
    ordered_at: datetime

    def write(self) -> dict[str, int | float | str]:
        """Write it as the model server reads it."""
        return {
            "order_id": self.order_id,
            "product_id": self.product_id,
            "quantity": self.quantity,
            "unit_price": float(self.unit_price),
            "discount_amount": float(self.discount_amount),
            "ordered_at": self.ordered_at.isoformat(),
        }


_NUM_ORDERS = func.count(Order.order_id.distinct())
_OF_USER = (
    select(OrderItem.product_id, _NUM_ORDERS, func.min(Order.ordered_at), func.max(Order.ordered_at))
    .join(Order, Order.order_id == OrderItem.order_id)
    .where(Order.status != "cancelled", OrderItem.quantity > 0)
    .group_by(OrderItem.product_id)
)

_LINES_BY_CATEGORY = (
    select(Product.category_id)
    .join(OrderItem, OrderItem.product_id == Product.product_id)
    .join(Order, Order.order_id == OrderItem.order_id)
    .where(Order.status != "cancelled", OrderItem.quantity > 0)
    .group_by(Product.category_id)
    .order_by(func.count().desc(), Product.category_id)
    .limit(FAVOURITE_CATEGORIES)
)
_FAVOURITES = Prepared(_LINES_BY_CATEGORY.where(Order.user_id.in_(IDS)))


def fetch_favourite_categories(connection: Connection, user_id: int, gifts: Collection[OrderLine] = ()) -> list[int]:
    """List the categories that a user ordered most from, best first; what was cancelled or given back is none.

    Args:
        connection: to the shop's database.
        user_id: the shopper.
        gifts: lines that were bought for others, and do not count.
    """
    if not gifts:
        return [category_id for (category_id,) in _FAVOURITES.execute(connection, ids=(user_id,))]
    return list(connection.scalars(_LINES_BY_CATEGORY.where(Order.user_id == user_id, is_none_of(gifts))))


def fetch_not_due(
    connection: Connection, user_id: int, since: datetime, least: timedelta, gifts: Collection[OrderLine] = ()
) -> NotDue:
    """Find what a user bought lately and is not due again.

    Args:
        connection: to the shop's database.
        user_id: the shopper.
        since: looks at what was ordered after this instant.
        least: how long a purchase is not due at any rate.
        gifts: lines that were bought for others, and do not count.
    """
    lately = (
        select(OrderItem.product_id, Product.family_id)
        .join(Order, Order.order_id == OrderItem.order_id)
        .join(Product, Product.product_id == OrderItem.product_id)
        .where(Order.user_id == user_id, Order.ordered_at > since, Order.status != "cancelled", OrderItem.quantity > 0)
        .where(is_none_of(gifts))
        .distinct()
    )
    family_of = {row.product_id: row.family_id for row in connection.execute(lately.limit(MAX_KEPT))}
    if not family_of:
        return NotDue(set(), set())
    of_these = _OF_USER.where(Order.user_id == user_id, OrderItem.product_id.in_(family_of), is_none_of(gifts))
    now = datetime.now(UTC)
    habits = {row[0]: Habit(*row[1:]) for row in connection.execute(of_these)}
    waiting = {product_id for product_id, habit in habits.items() if habit.find_due(least) > now}
    return NotDue(waiting, {family for each in waiting if (family := family_of[each]) is not None})


def fetch_lines_since(
    connection: Connection, user_id: int, since: datetime, gifts: Collection[OrderLine] = ()
) -> list[UnrankedLine]:
    """Read what a user ordered from an instant on, the newest lines; what was given back is not looked at.

    Args:
        connection: to the shop's database.
        user_id: the user.
        since: of the ranking that knows all orders before it.
        gifts: lines that do not count.
    """
    columns = (OrderItem.order_id, OrderItem.product_id, OrderItem.quantity, OrderItem.unit_price)
    lines = (
        select(*columns, OrderItem.discount_amount, Order.ordered_at)
        .join(Order, Order.order_id == OrderItem.order_id)
        .where(Order.user_id == user_id, Order.ordered_at >= since, Order.status != "cancelled", OrderItem.quantity > 0)
        .order_by(Order.ordered_at.desc(), Order.order_id.desc(), OrderItem.order_item_id)
    )
    if gifts:
        lines = lines.where(is_none_of(gifts))
    return [UnrankedLine(*row) for row in connection.execute(lines.limit(MAX_KEPT))]


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
    habits = _OF_USER.where(Order.user_id == user_id, Order.ordered_at < before, is_none_of(gifts))
    often_first = habits.order_by(_NUM_ORDERS.desc(), OrderItem.product_id)
    return {row[0]: Habit(*row[1:]) for row in connection.execute(often_first)}


def is_none_of(lines: Collection[OrderLine]) -> ColumnElement[bool]:
    """Write the condition that a line of an order is none of some."""
    if not lines:
        return true()
    same = (and_(OrderItem.order_id == order_id, OrderItem.product_id == product_id) for order_id, product_id in lines)
    return not_(or_(*same))
