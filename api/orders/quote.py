"""Quote: what a cart would cost this shopper now, less coupons. Reads only."""

from decimal import Decimal

from sqlalchemy import Connection

from api.orders.pricing import PricedLine, Redemption, choose_coupons, price_lines, redeem
from api.queries.coupons import fetch_held_coupons
from api.schemas import Cart, CartQuote, RedeemedCoupon
from shop.money import Currency


def quote_cart(connection: Connection, cart: Cart, currency: Currency) -> CartQuote:
    """Price a cart with the coupons that take off most, but for those that are to be kept.

    Ordering the same cart with these coupons costs the same.

    Args:
        connection: to the shop's database.
        cart: what is asked about.
        currency: of the shop's prices.

    Raises:
        CheckoutError: some product is not sold, or too few of it are left; all such products are named.
    """
    lines = price_lines(connection, cart.items, currency)
    held = fetch_held_coupons(connection, cart.user_id)
    coupons = choose_coupons(lines, [each for each in held if each.coupon_id not in cart.without_coupon_ids])
    reduced, used = redeem(lines, coupons)
    return CartQuote(
        total_before_coupons=float(_sum_up(lines)),
        total_amount=float(_sum_up(reduced)),
        coupons=[_describe(each, reduced[each.place]) for each in used],
    )


def _describe(redemption: Redemption, line: PricedLine) -> RedeemedCoupon:
    return RedeemedCoupon(
        **redemption.coupon.describe().model_dump(),
        product_id=line.line.product_id,
        discount_amount=float(line.saved),
    )


def _sum_up(lines: list[PricedLine]) -> Decimal:
    return sum((line.total for line in lines), Decimal(0))
