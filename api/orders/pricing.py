"""Price of a cart today: live prices less coupons. Quote and checkout share it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, select

from api.queries.coupons import HeldCoupon
from api.schemas import MAX_COUPONS, CartLine, ErrorDetail
from shop.money import LARGEST_AMOUNT, Currency
from shop.tables import Product


class CheckoutError(Exception):
    """The cart cannot be ordered as it is; nothing was ordered. `details` says what is in the way, line by line."""

    def __init__(self, message: str, details: Sequence[ErrorDetail] = ()):
        super().__init__(message)
        self.message = message
        self.details = list(details)


class NoSuchUserError(CheckoutError):
    """The shop has no such user."""


class PricedLine(NamedTuple):
    """A line of the cart at today's price."""

    line: CartLine
    category_id: int
    price: Decimal
    currency: Currency
    discount: Decimal = Decimal(0)

    @property
    def unit_price(self) -> Decimal:
        """What one unit costs in the end; what does not divide by the quantity is the shopper's."""
        return self.currency.round_down((self.price * self.line.quantity - self.discount) / self.line.quantity)

    @property
    def total(self) -> Decimal:
        """What the line costs."""
        return self.unit_price * self.line.quantity

    @property
    def saved(self) -> Decimal:
        """What the line costs less than without its coupon."""
        return self.price * self.line.quantity - self.total

    def reduced_by(self, coupon: HeldCoupon) -> "PricedLine":
        """Return the same line with a coupon on it."""
        return self._replace(discount=coupon.reduce(self.total, self.currency))


class Redemption(NamedTuple):
    """A coupon on the line, by its place in the cart, that it takes money off."""

    coupon: HeldCoupon
    place: int


def price_lines(
    connection: Connection, items: Sequence[CartLine], currency: Currency, *, lock: bool = False
) -> list[PricedLine]:
    """Look up today's price of each line, in whole minor units as pages write it.

    Args:
        connection: to the shop's database.
        items: the cart; a product may stand on several lines.
        currency: of the shop's prices.
        lock: keep the products' rows from others until the transaction ends, in the order of their ids so that two
            carts never wait for each other.

    Raises:
        CheckoutError: some product is not sold, or too few of it are left; all such products are named.
    """
    wanted = count_products(items)
    query = select(Product.product_id, Product.category_id, Product.price, Product.stock).where(
        Product.product_id.in_(wanted), Product.is_visible
    )
    query = query.order_by(Product.product_id)
    rows = connection.execute(query.with_for_update() if lock else query)
    found = {row.product_id: row for row in rows if row.price.is_finite() and 0 <= row.price <= LARGEST_AMOUNT}
    details = []
    for product_id, quantity in sorted(wanted.items()):
        if product_id not in found:
            details.append(detail(f"product {product_id}", "is not sold any more"))
        elif found[product_id].stock < quantity:
            details.append(detail(f"product {product_id}", f"{found[product_id].stock} left, {quantity} wanted"))
    if details:
        raise CheckoutError("Some products can't be had; change the cart and ask again.", details)
    products = [(line, found[line.product_id]) for line in items]
    return [
        PricedLine(line, product.category_id, currency.round_half_up(product.price), currency)
        for line, product in products
    ]


def count_products(items: Iterable[CartLine]) -> dict[int, int]:
    """Add up the units of each product, over all lines."""
    wanted: dict[int, int] = {}
    for line in items:
        wanted[line.product_id] = wanted.get(line.product_id, 0) + line.quantity
    return wanted


def redeem(lines: Sequence[PricedLine], coupons: Iterable[HeldCoupon]) -> tuple[list[PricedLine], list[Redemption]]:
    """Put each coupon on the dearest line that it covers and that has none yet.

    Returns:
        The lines with their discounts, and the coupons that found one, in the order given.
    """
    reduced, used = list(lines), []
    for coupon in coupons:
        place = _find_line(reduced, coupon)
        if place is not None:
            reduced[place] = reduced[place].reduced_by(coupon)
            used.append(Redemption(coupon, place))
    return reduced, used


def choose_coupons(lines: Sequence[PricedLine], held: Iterable[HeldCoupon]) -> list[HeldCoupon]:
    """Choose what to redeem for a shopper: again and again the coupon that takes off most of what is still without one.

    Args:
        lines: the cart.
        held: what the shopper holds, those to be used up first in front: they win a tie.

    Returns:
        One of each coupon, at most as many as a checkout takes. `redeem` puts them where they were counted here.
    """
    reduced, chosen = list(lines), list[HeldCoupon]()
    waiting = list({coupon.coupon_id: coupon for coupon in held}.values())
    while waiting and len(chosen) < MAX_COUPONS:
        savings = [_tell_saving(reduced, coupon) for coupon in waiting]
        most = max(savings)
        if not most:
            break
        chosen.append(waiting.pop(savings.index(most)))
        reduced, _ = redeem(reduced, chosen[-1:])
    return chosen


def detail(field: str, problem: str) -> ErrorDetail:
    """Name what is in the way of an order."""
    return ErrorDetail(field=field, problem=problem)


def _find_line(lines: Sequence[PricedLine], coupon: HeldCoupon) -> int | None:
    """Find the dearest line without a discount that a coupon covers; of several, the first."""
    free = [
        (line.total, -place)
        for place, line in enumerate(lines)
        if not line.discount and coupon.covers(line.line.product_id, line.category_id)
    ]
    return -max(free)[1] if free else None


def _tell_saving(lines: Sequence[PricedLine], coupon: HeldCoupon) -> Decimal:
    """Return what a coupon would take off; 0 where it finds no line."""
    place = _find_line(lines, coupon)
    return Decimal(0) if place is None else lines[place].reduced_by(coupon).saved
