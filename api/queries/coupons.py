"""Queries of coupons that a shopper can redeem now: held, valid at this instant, not used."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, and_, bindparam, select, type_coerce

from api.db.statements import IDS, to_instant
from api.schemas import ListedCoupon
from api.web.metrics import count_unusable
from shop.money import LARGEST_AMOUNT, Currency
from shop.tables import DISCOUNT_TYPES, Coupon, UserCoupon

MAX_HELD = 200
KEPT_TERMS = 10_000
MOST_PERCENT = 100


class HeldCoupon(NamedTuple):
    """A coupon in a shopper's hands. Valid for a product, a category, or (neither set) everything."""

    user_coupon_id: int
    coupon_id: int
    code: str
    name: str
    discount_type: str
    discount_value: Decimal
    valid_until: datetime
    product_id: int | None
    category_id: int | None

    @property
    def is_specific(self) -> bool:
        """Whether it is for a product or a category, rather than for the whole shop."""
        return self.product_id is not None or self.category_id is not None

    def covers(self, product_id: int, category_id: int) -> bool:
        """Return whether the coupon is valid for a product."""
        if self.product_id is not None:
            return self.product_id == product_id
        return self.category_id is None or self.category_id == category_id

    def reduce(self, amount: Decimal, currency: Currency) -> Decimal:
        """Return how much comes off an amount: never more than all of it, rounded down to the minor unit."""
        if self.discount_type == "percent":
            return currency.round_down(amount * self.discount_value / 100)
        return min(amount, currency.round_down(self.discount_value))

    def describe(self) -> ListedCoupon:
        """Return what the storefront shows of it."""
        return ListedCoupon.model_validate(
            self._asdict() | {"discount_value": float(self.discount_value)}, extra="ignore"
        )


_IS_LEFT = (UserCoupon.used_at.is_(None), Coupon.valid_until > bindparam("now"))
_HAS_BEGUN = (UserCoupon.issued_at <= bindparam("now"), Coupon.valid_from <= bindparam("now"))
_HELD = (
    select(
        UserCoupon.user_coupon_id,
        *(Coupon.coupon_id, Coupon.code, Coupon.name, Coupon.discount_type, Coupon.discount_value),
        *(type_coerce(Coupon.valid_until, String).label("valid_until"), Coupon.product_id, Coupon.category_id),
    )
    .join(Coupon, Coupon.coupon_id == UserCoupon.coupon_id)
    .where(UserCoupon.user_id == bindparam("user_id"), *_IS_LEFT, *_HAS_BEGUN)
    .order_by(Coupon.valid_until, UserCoupon.user_coupon_id)
    .limit(MAX_HELD)
)


def fetch_held_coupons(connection: Connection, user_id: int) -> list[HeldCoupon]:
    """Read what a user can redeem now, soonest to expire first."""
    rows = connection.execute(_HELD, {"user_id": user_id, "now": datetime.now(UTC)})
    return [coupon for row in rows if (coupon := _to_coupon(HeldCoupon._make(row))) is not None]


def _to_coupon(stored: HeldCoupon) -> HeldCoupon | None:
    """Read the coupon of a row; one that cannot be redeemed as it stands is counted."""
    is_redeemable = _is_redeemable(stored.discount_type, stored.discount_value, stored.valid_until)
    if is_redeemable and (valid_until := to_instant(stored.valid_until)) is not None:
        return stored._replace(valid_until=valid_until)
    count_unusable("coupon", stored.coupon_id)
    return None


class CouponTargets(NamedTuple):
    """What a shopper's coupons are for, but those for the whole shop: ids of products, and of categories."""

    products: frozenset[int]
    categories: frozenset[int]

    def cover(self, product_id: int, category_id: int) -> bool:
        """Return whether a coupon speaks for a product."""
        return product_id in self.products or category_id in self.categories


class UnusedCoupon(NamedTuple):
    """A coupon that a user holds and that is valid now or may become so; its values as the driver gives them."""

    user_id: int
    is_valid: int
    coupon_id: int
    product_id: int | None
    category_id: int | None
    discount_type: Any
    discount_value: Any
    valid_until: Any


UNUSED_COUPON = (
    *(UserCoupon.user_id, and_(*_HAS_BEGUN), Coupon.coupon_id, Coupon.product_id, Coupon.category_id),
    *(Coupon.discount_type, Coupon.discount_value, Coupon.valid_until),
)
"""Columns of an `UnusedCoupon`, of the rows of both tables that `IS_UNUSED` is true of at the instant `now`."""

IS_UNUSED = (UserCoupon.user_id.in_(IDS), *_IS_LEFT)


def gather_targets(rows: Iterable[UnusedCoupon]) -> dict[int, CouponTargets]:
    """Gather what users' coupons are for that can be redeemed now, but those for the whole shop; others are absent."""
    targets: dict[int, tuple[set[int], set[int]]] = {}
    for row in rows:
        if not row.is_valid or (row.product_id is None and row.category_id is None):
            continue
        if not _is_redeemable(row.discount_type, row.discount_value, row.valid_until):
            count_unusable("coupon", row.coupon_id)
            continue
        products, categories = targets.setdefault(row.user_id, (set(), set()))
        if row.product_id is not None:
            products.add(row.product_id)
        elif row.category_id is not None:
            categories.add(row.category_id)
    return {user_id: CouponTargets(*map(frozenset, each)) for user_id, each in targets.items()}


@lru_cache(KEPT_TERMS)
def _is_redeemable(discount_type: Any, value: Any, valid_until: Any) -> bool:
    """Return whether a coupon's terms make sense, as the driver gives them."""
    largest = MOST_PERCENT if discount_type == "percent" else LARGEST_AMOUNT
    try:
        return discount_type in DISCOUNT_TYPES and 0 <= value <= largest and to_instant(valid_until) is not None
    except (TypeError, ValueError, ArithmeticError):
        return False


def find_targets(coupons: Iterable[HeldCoupon]) -> CouponTargets:
    """Gather what some coupons are for, but those for the whole shop."""
    held = list(coupons)
    products = frozenset(each.product_id for each in held if each.product_id is not None)
    of_categories = (each.category_id for each in held if each.product_id is None and each.category_id is not None)
    return CouponTargets(products, frozenset(of_categories))


def covering(coupons: Iterable[HeldCoupon], product_id: int, category_id: int) -> list[HeldCoupon]:
    """Keep the coupons that are valid for a product, each coupon once however often it is held."""
    found = {coupon.coupon_id: coupon for coupon in coupons if coupon.covers(product_id, category_id)}
    return list(found.values())
