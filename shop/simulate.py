"""Simulation of a day's business in a shop: `python -m shop.simulate --orders N`, for demonstrations and tests.

Users order again from a past basket, with now and then something new; a few orders are cancelled, prices move, products
that were never sold are deleted, and some orders come late: stamped when they were written, visible only much later,
as when a transaction stays open. Whoever copies the shop by `updated_at` must not lose those.
"""

import argparse
import random
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from command import Command, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine, session_scope
from shop.money import DOLLAR, Currency
from shop.tables import Base, Order, OrderItem, Product

ORDERS_IN_TRANSACTION = 50
MAX_TRIES = 100
Row = TypeVar("Row", bound=Base)


class EmptyShopError(Exception):
    """There is nothing to buy or nobody who ever bought."""


@dataclass(frozen=True)
class Habits:
    """How often things happen, as shares of the number of orders, and how baskets look.

    Attributes:
        cancelled, late: orders that are cancelled afterwards, or become visible last.
        repriced, deleted: products whose price moves, or that are deleted because nobody ever bought them.
        repeated: chance that a product of the past basket is bought again.
        discounted: chance that a line is 10% cheaper.
        currency: of the shop's prices.
    """

    cancelled: float = 0.05
    late: float = 0.05
    repriced: float = 0.05
    deleted: float = 0.02
    repeated: float = 0.7
    discounted: float = 0.2
    currency: Currency = DOLLAR


@dataclass
class Business:
    """What happened."""

    orders: int = 0
    order_items: int = 0
    late_orders: int = 0
    cancelled_orders: int = 0
    repriced_products: int = 0
    deleted_products: int = 0


def simulate(
    engine: Engine, num_orders: int, seed: int = 0, habits: Habits | None = None, late_seconds: float = 1.0
) -> Business:
    """Do business now, in many short transactions.

    Args:
        engine: a shop with products and past orders.
        num_orders: orders to place.
        seed: decides everything but the time.
        habits: how often things happen.
        late_seconds: how long the late orders stay invisible after the others.

    Raises:
        EmptyShopError: the shop has no orders to learn from.
    """
    habits, rng, business = habits or Habits(), random.Random(seed), Business()
    num_late = _count(num_orders, habits.late)
    opened_at = datetime.now(UTC)
    for start in range(0, num_orders - num_late, ORDERS_IN_TRANSACTION):
        with session_scope(engine) as session:
            for _ in range(start, min(start + ORDERS_IN_TRANSACTION, num_orders - num_late)):
                _place_order(session, rng, habits, business, datetime.now(UTC))
    with session_scope(engine) as session:
        _cancel_orders(session, rng, _count(num_orders, habits.cancelled), business, opened_at)
        _move_prices(session, rng, _count(num_orders, habits.repriced), business, habits.currency)
        _delete_unsold(session, _count(num_orders, habits.deleted), business)
    time.sleep(late_seconds)
    with session_scope(engine) as session:
        for _ in range(num_late):
            _place_order(session, rng, habits, business, opened_at)
    business.late_orders = num_late
    return business


def _count(num_orders: int, share: float) -> int:
    """Round a share up, so that even a short day has one of each."""
    return min(num_orders, round(num_orders * share + 0.5)) if share > 0 else 0


def _draw(session: Session, rng: random.Random, table: type[Row], key: InstrumentedAttribute[int]) -> Row:
    """Draw one row by a random key: the next one that exists, which needs no scan of the table.

    Raises:
        EmptyShopError: the table has no rows.
    """
    low, high = session.execute(select(func.min(key), func.max(key))).one()
    if low is None:
        raise EmptyShopError(f"the shop has no {table.__tablename__}: load one with `python -m shop.load`")
    return session.scalars(select(table).where(key >= rng.randint(low, high)).order_by(key).limit(1)).one()


def _place_order(session: Session, rng: random.Random, habits: Habits, business: Business, now: datetime) -> None:
    """Let the user of a past order buy from its basket again, and perhaps one thing more."""
    lines: list[OrderItem] = []
    for _ in range(MAX_TRIES):
        past = _draw(session, rng, Order, Order.order_id)
        lines = [
            line for product in _choose_basket(session, rng, habits, past) if (line := _sell(product, rng, habits))
        ]
        if lines:
            break
    else:
        raise EmptyShopError("the shop has nothing to sell: every product is hidden or sold out")
    total = sum((line.unit_price * line.quantity for line in lines), Decimal(0))
    order = Order(
        user_id=past.user_id, status="placed", ordered_at=now, total_amount=total, created_at=now, updated_at=now
    )
    session.add(order)
    session.flush()
    for line in lines:
        line.order_id, line.created_at, line.updated_at = order.order_id, now, now
    session.add_all(lines)
    business.orders += 1
    business.order_items += len(lines)


def _choose_basket(session: Session, rng: random.Random, habits: Habits, past: Order) -> list[Product]:
    """Choose products of a past order, each once, and one at random."""
    of_past = select(OrderItem.product_id).where(OrderItem.order_id == past.order_id)
    products = session.scalars(select(Product).where(Product.product_id.in_(of_past)).order_by(Product.product_id))
    basket = [product for product in products if rng.random() < habits.repeated]
    novelty = _draw(session, rng, Product, Product.product_id)
    return basket if novelty in basket else [*basket, novelty]


def _sell(product: Product, rng: random.Random, habits: Habits) -> OrderItem | None:
    """Take some of a product from the stock, or nothing if it is hidden or sold out."""
    quantity = min(product.stock, rng.choice([1, 1, 1, 2, 3]))
    if quantity < 1 or not product.is_visible:
        return None
    price = product.price * quantity
    discount = habits.currency.round_down(price / 10) if rng.random() < habits.discounted else Decimal(0)
    product.stock -= quantity
    return OrderItem(
        product_id=product.product_id,
        quantity=quantity,
        unit_price=habits.currency.round_down((price - discount) / quantity),
        discount_amount=discount,
    )


def _cancel_orders(session: Session, rng: random.Random, number: int, business: Business, since: datetime) -> None:
    """Cancel some of the orders just placed."""
    placed = session.scalars(select(Order).where(Order.created_at >= since, Order.status == "placed")).all()
    for order in rng.sample(placed, min(number, len(placed))):
        order.status = "cancelled"
        order.updated_at = datetime.now(UTC)
        business.cancelled_orders += 1


def _move_prices(session: Session, rng: random.Random, number: int, business: Business, currency: Currency) -> None:
    """Move prices by up to a tenth, never below the smallest amount that can be charged."""
    for _ in range(number):
        product = _draw(session, rng, Product, Product.product_id)
        moved = currency.round_half_up(product.price * rng.randint(90, 110) / 100)
        product.price = max(currency.minor_unit, moved)
        product.updated_at = datetime.now(UTC)
        business.repriced_products += 1


def _delete_unsold(session: Session, number: int, business: Business) -> None:
    """Delete products that stand on no order, the newest first."""
    is_sold = select(OrderItem.order_item_id).where(OrderItem.product_id == Product.product_id).exists()
    unsold = select(Product).where(~is_sold).order_by(Product.product_id.desc()).limit(number)
    for product in session.scalars(unsold).all():
        session.delete(product)
        business.deleted_products += 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    command = Command("shop.simulate", __doc__)
    command.add_argument("--orders", type=int, required=True, metavar="N", help="orders to place")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="same seed, same decisions (default: 0)")
    command.add_argument("--late-seconds", type=float, default=1.0, help="how long late orders stay invisible")
    return command.run(_simulate, arguments, (EmptyShopError, ShopFailedError))


def _simulate(options: argparse.Namespace) -> Result:
    if options.orders < 1:
        raise argparse.ArgumentError(None, f"--orders must be at least 1, got {options.orders}")
    settings = load_settings()
    habits = Habits(currency=Currency(settings.currency))
    with engine_scope(open_engine(settings.shop_owner_database_url)) as engine:
        business = simulate(engine, options.orders, options.seed, habits, options.late_seconds)
    return Result("\n".join(f"{name.replace('_', ' '):<20}{number:>8,}" for name, number in asdict(business).items()))


if __name__ == "__main__":
    sys.exit(main())
