"""Queries of shoppers: some of each kind for a demonstration, and the orders of one."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from api.queries.catalogue import FIRST_IMAGE, choose_image
from api.schemas import OrderLine, OrderSummary, Shopper, Shoppers, UserOrders
from shop.tables import Order, OrderItem, Product, User

LOOKED_AT = 1000
"""Shoppers among whom the interesting ones are sought, so that a shop of millions answers as quickly."""

OF_EACH_KIND = 4
NEW_ORDERS = 2
LAPSED_AFTER = timedelta(days=60)


class _Habits(NamedTuple):
    user_id: int
    nickname: str
    num_orders: int
    last_ordered_at: datetime | None


def fetch_shoppers(connection: Connection) -> Shoppers:
    """Choose shoppers who show something: new, light, heavy and lapsed ones.

    They are sought by counts that an index answers without the orders' rows, cancelled orders included; only of the
    chosen ones the exact figures are read.
    """
    of_user = select(func.count(Order.order_id)).where(Order.user_id == User.user_id)
    latest = select(func.max(Order.ordered_at)).where(Order.user_id == User.user_id)
    habits = select(User.user_id, User.nickname, of_user.scalar_subquery(), latest.scalar_subquery())
    looked_at = connection.execute(habits.order_by(User.user_id).limit(LOOKED_AT))
    everybody = sorted((_Habits(*row) for row in looked_at), key=lambda one: -one.num_orders)
    last_order = max((one.last_ordered_at for one in everybody if one.last_ordered_at), default=None)
    return Shoppers(users=_count_exactly(connection, list(_choose(everybody, last_order))))


def _count_exactly(connection: Connection, chosen: list[Shopper]) -> list[Shopper]:
    """Return the same shoppers with the orders that were not cancelled."""
    exact = select(Order.user_id, func.count(Order.order_id), func.max(Order.ordered_at))
    ids = [one.user_id for one in chosen]
    rows = connection.execute(exact.where(Order.user_id.in_(ids), Order.status != "cancelled").group_by(Order.user_id))
    found = {user_id: {"num_orders": count, "last_ordered_at": latest} for user_id, count, latest in rows}
    nothing = {"num_orders": 0, "last_ordered_at": None}
    return [one.model_copy(update=found.get(one.user_id, nothing)) for one in chosen]


def _choose(everybody: list[_Habits], last_order: datetime | None) -> Iterator[Shopper]:
    """Take some of each kind.

    Args:
        everybody: shoppers, those with most orders first.
        last_order: the last order of them all; "still" is said relative to it.
    """
    new = [one for one in everybody if one.num_orders <= NEW_ORDERS]
    settled = everybody[: len(everybody) - len(new)]
    lapsed = [one for one in settled if _is_lapsed(one, last_order)]
    active = [one for one in settled if not _is_lapsed(one, last_order)]
    kinds = {"new": new[::-1], "light": active[::-1][:OF_EACH_KIND][::-1], "heavy": active, "lapsed": lapsed}
    chosen: set[int] = set()
    for kind, shoppers in kinds.items():
        for one in [one for one in shoppers if one.user_id not in chosen][:OF_EACH_KIND]:
            chosen.add(one.user_id)
            yield Shopper.model_validate(one._asdict() | {"kind": kind, "token": None})


def _is_lapsed(one: _Habits, last_order: datetime | None) -> bool:
    if one.last_ordered_at is None or last_order is None:
        return False
    return one.last_ordered_at < last_order - LAPSED_AFTER


def fetch_orders(connection: Connection, user_id: int, limit: int, before: int | None) -> UserOrders | None:
    """Read a shopper's orders, newest first.

    Args:
        connection: to the shop's database.
        user_id: the shopper.
        limit: orders wanted.
        before: go on after this order.

    Returns:
        A page of orders; `None` if the shop has no such user.
    """
    if connection.execute(select(User.user_id).where(User.user_id == user_id)).scalar() is None:
        return None
    query = select(Order.order_id, Order.status, Order.ordered_at, Order.total_amount).where(Order.user_id == user_id)
    if before is not None:
        edge = select(Order.ordered_at).where(Order.order_id == before).scalar_subquery()
        is_older = (Order.ordered_at < edge) | ((Order.ordered_at == edge) & (Order.order_id < before))
        query = query.where(is_older)
    newest_first = query.order_by(Order.ordered_at.desc(), Order.order_id.desc()).limit(limit + 1)
    rows = connection.execute(newest_first).all()
    page = rows[:limit]
    lines = fetch_lines(connection, [row.order_id for row in page])
    orders = [
        OrderSummary(**row._asdict() | {"total_amount": float(row.total_amount)}, items=lines[row.order_id])
        for row in page
    ]
    return UserOrders(orders=orders, next_cursor=str(page[-1].order_id) if len(rows) > limit else None)


def fetch_lines(connection: Connection, order_ids: list[int]) -> dict[int, list[OrderLine]]:
    """Read the lines of some orders, as they were bought."""
    lines: dict[int, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    columns = (OrderItem.order_id, OrderItem.quantity, OrderItem.unit_price, OrderItem.discount_amount)
    rows = connection.execute(
        select(*columns, Product.product_id, Product.category_id, Product.title, FIRST_IMAGE.label("image_url"))
        .join(Product, Product.product_id == OrderItem.product_id)
        .where(OrderItem.order_id.in_(order_ids))
        .order_by(OrderItem.order_item_id)
    )
    for row in rows:
        lines[row.order_id].append(
            OrderLine(
                product_id=row.product_id,
                title=row.title,
                image_url=choose_image(row.image_url, row.category_id, row.product_id),
                quantity=row.quantity,
                unit_price=float(row.unit_price),
                discount_amount=float(row.discount_amount),
            )
        )
    return lines
