"""Checkout of the demo shop: places an order at today's prices, from stock, with coupons, in one transaction.

An order key orders once. The payment is simulated and succeeds.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.orders.pricing import (
    CheckoutError,
    NoSuchUserError,
    PricedLine,
    Redemption,
    count_products,
    detail,
    price_lines,
    redeem,
)
from api.queries.coupons import HeldCoupon, fetch_held_coupons
from api.queries.shoppers import fetch_lines
from api.schemas import Checkout, OrderReceipt, OrderSummary
from shop.database import session_scope
from shop.failures import is_conflict
from shop.money import LARGEST_AMOUNT, Currency
from shop.tables import Order, OrderItem, PendingOrderEvents, PlacedCheckout, Product, User, UserCoupon

ATTEMPTS = 3
DECIMALS_COMPARED = 6
"""Of an expected total: more than any currency has, fewer than a sum of floats is exact to."""


class _CouponTakenError(CheckoutError):
    """Another order redeemed a coupon after this one had looked."""


@dataclass(frozen=True)
class _CheckoutContext:
    """One checkout at work: its transaction, what was asked for, what led to it, and when."""

    session: Session
    checkout: Checkout
    currency: Currency
    events: Sequence[dict[str, Any]]
    now: datetime


def place_order(
    engine: Engine, checkout: Checkout, currency: Currency, events: Sequence[dict[str, Any]]
) -> OrderReceipt:
    """Order and pay a cart. The same key and cart again give the order that they placed, and change nothing.

    Args:
        engine: the shop's database, for writing.
        checkout: the cart.
        currency: of the shop's prices.
        events: of its lines, kept with the order until they are delivered.

    Raises:
        NoSuchUserError: the shop has no such user.
        CheckoutError: something is gone, sold out or dearer than expected, a coupon does not hold, or the key belongs
            to an order of another cart.
        sqlalchemy.exc.SQLAlchemyError: nothing was ordered.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with session_scope(engine) as session:
                return _place(_CheckoutContext(session, checkout, currency, events, datetime.now(UTC)))
        except (DBAPIError, _CouponTakenError) as err:
            if attempt == ATTEMPTS or (isinstance(err, DBAPIError) and not is_conflict(err)):
                raise
    raise AssertionError("the loop returns or raises")


def hash_cart(checkout: Checkout) -> str:
    """Return a hash of all that was asked for, by which the same cart is known again."""
    return hashlib.sha256(checkout.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def _place(context: _CheckoutContext) -> OrderReceipt:
    placed = context.session.get(PlacedCheckout, context.checkout.order_key)
    if placed is not None:
        return _repeat(context, placed)
    if context.session.get(User, context.checkout.user_id) is None:
        raise NoSuchUserError("The shop has no user with this id.")
    lines = _take_from_stock(context)
    coupons = _find_coupons(context)
    lines, used = redeem(lines, coupons)
    total = _add_up(context, lines)
    order_id = _write_order(context, lines, used, total)
    return _receipt(context, order_id, is_repeat=False)


def _add_up(context: _CheckoutContext, lines: list[PricedLine]) -> Decimal:
    """Add up what the cart costs.

    Raises:
        CheckoutError: it is not what the shopper was shown, or more than an order can hold.
    """
    total = sum((line.total for line in lines), Decimal(0))
    if total > LARGEST_AMOUNT or any(line.saved > LARGEST_AMOUNT for line in lines):
        problem = f"comes to {total}; an order holds at most {LARGEST_AMOUNT}"
        raise CheckoutError("The cart costs too much for one order; split it.", [detail("items", problem)])
    expected = context.checkout.expected_total
    if expected is not None and round(Decimal(expected), DECIMALS_COMPARED) != total:
        problem = f"today's prices come to {total}, not {expected}"
        raise CheckoutError("Prices have changed; show them and ask again.", [detail("expected_total", problem)])
    return total


def _take_from_stock(context: _CheckoutContext) -> list[PricedLine]:
    """Price the lines and take their products out of the stock.

    Raises:
        CheckoutError: some product is not sold, or too few of it are left; all such products are named.
    """
    lines = price_lines(context.session.connection(), context.checkout.items, context.currency, lock=True)
    for product_id, quantity in sorted(count_products(context.checkout.items).items()):
        row = update(Product).where(Product.product_id == product_id)
        context.session.execute(row.values(stock=Product.stock - quantity))
    return lines


def _find_coupons(context: _CheckoutContext) -> list[HeldCoupon]:
    """Find the coupons that are to be redeemed, one of each.

    Raises:
        CheckoutError: the user does not hold one, or it is used or not valid now.
    """
    if not context.checkout.coupon_ids:
        return []
    held = {each.coupon_id: each for each in fetch_held_coupons(context.session.connection(), context.checkout.user_id)}
    wanted = list(dict.fromkeys(context.checkout.coupon_ids))
    details = [detail(f"coupon {each}", "can't be redeemed now") for each in wanted if each not in held]
    if details:
        raise CheckoutError("Some coupons can't be redeemed; leave them out and ask again.", details)
    return [held[each] for each in wanted]


def _write_order(context: _CheckoutContext, lines: list[PricedLine], used: list[Redemption], total: Decimal) -> int:
    """Write order, lines, key, redeemed coupons, and the events that follow.

    Raises:
        _CouponTakenError: another order redeemed a coupon in the meantime.
    """
    stamps = {"created_at": context.now, "updated_at": context.now}
    order = Order(user_id=context.checkout.user_id, status="paid", ordered_at=context.now, total_amount=total, **stamps)
    context.session.add(order)
    context.session.flush()
    key = {"order_key": context.checkout.order_key, "cart_hash": hash_cart(context.checkout)}
    context.session.add(PlacedCheckout(**key, order_id=order.order_id))
    context.session.add(PendingOrderEvents(order_id=order.order_id, events=list(context.events)))
    context.session.execute(insert(OrderItem), [_item(order.order_id, line) | stamps for line in lines])
    for coupon_id in sorted(coupon.user_coupon_id for coupon, _ in used):
        _redeem(context, coupon_id, order.order_id)
    return order.order_id


def _redeem(context: _CheckoutContext, user_coupon_id: int, order_id: int) -> None:
    """Mark a coupon as used by this order, unless another order used it since it was looked up.

    Raises:
        _CouponTakenError: another order did.
    """
    unused = update(UserCoupon).where(UserCoupon.user_coupon_id == user_coupon_id, UserCoupon.used_at.is_(None))
    done = context.session.execute(unused.values(used_at=context.now, order_id=order_id))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise _CouponTakenError("A coupon was redeemed by another order just now; ask for the price again.")


def _item(order_id: int, line: PricedLine) -> dict[str, object]:
    return {
        "order_id": order_id,
        "product_id": line.line.product_id,
        "quantity": line.line.quantity,
        "unit_price": line.unit_price,
        "discount_amount": line.saved,
    }


def _repeat(context: _CheckoutContext, placed: PlacedCheckout) -> OrderReceipt:
    owner = context.session.scalar(select(Order.user_id).where(Order.order_id == placed.order_id))
    if owner != context.checkout.user_id or placed.cart_hash not in (None, hash_cart(context.checkout)):
        raise CheckoutError("This order_key was used before, for another cart; make a new one.")
    return _receipt(context, placed.order_id, is_repeat=True)


def _receipt(context: _CheckoutContext, order_id: int, *, is_repeat: bool) -> OrderReceipt:
    order = context.session.get_one(Order, order_id)
    lines = fetch_lines(context.session.connection(), [order_id])[order_id]
    summary = OrderSummary(
        order_id=order_id,
        status=order.status,
        ordered_at=order.ordered_at,
        total_amount=float(order.total_amount),
        items=lines,
    )
    return OrderReceipt(**summary.model_dump(), is_repeat=is_repeat)
