"""Query that a page begins with in the shop: nickname, orders made lately, coupons in hand, and what has changed."""

from collections.abc import Collection, Generator
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, exists, func, literal, null, select, union_all

from api.db.statements import IDS, Asked, Prepared, Rows, Script, from_instant
from api.queries.catalogue_changes import CHANGES
from api.queries.coupons import IS_UNUSED, UNUSED_COUPON, CouponTargets, UnusedCoupon, gather_targets
from shop.tables import Coupon, Order, User, UserCoupon

MOST_ROWS = 10_000
"""Of one read. Those of coupons come last."""


class Profile(NamedTuple):
    """A user whom the shop has.

    Attributes:
        nickname: the user's.
        ordered_lately: whether the user ordered something that may still keep off the page.
        has_coupons: whether the user holds coupons that may be valid.
        coupon_targets: what those are for that can be redeemed now, but for the whole shop; `None` without one.
    """

    nickname: str
    ordered_lately: bool
    has_coupons: bool
    coupon_targets: CouponTargets | None = None


class FirstRead(NamedTuple):
    """What a page reads of the shop first.

    Attributes:
        profiles: of the users; whom the shop does not have is absent.
        num_changes: how many changes the log holds after the one that was asked for; 0 where none was.
    """

    profiles: dict[int, Profile]
    num_changes: int = 0


_CHANGES, _USER, _COUPON = range(3)
"""What a row is of; its first value."""

_LATELY = exists().where(Order.user_id == User.user_id, Order.ordered_at > bindparam("lately"))
_NO_COUPON = (null(),) * (len(UNUSED_COUPON) - 2)
_USERS = (
    select(literal(_USER), User.user_id, _LATELY, *_NO_COUPON, User.nickname).where(User.user_id.in_(IDS)),
    select(literal(_COUPON), *UNUSED_COUPON, null())
    .join_from(UserCoupon, Coupon, Coupon.coupon_id == UserCoupon.coupon_id)
    .where(*IS_UNUSED)
    .prefix_with("STRAIGHT_JOIN", dialect="mysql"),
)
_NUM_CHANGES = select(literal(_CHANGES), null(), func.count(CHANGES.c.change_id), *_NO_COUPON, null()).where(
    CHANGES.c.change_id > bindparam("after")
)
_PROFILES = Prepared(union_all(*_USERS).limit(MOST_ROWS))
_PROFILES_AND_CHANGES = Prepared(union_all(_NUM_CHANGES, *_USERS).limit(MOST_ROWS))


@Script
def fetch_profiles(
    user_ids: Collection[int], since: datetime, after: int | None = None
) -> Generator[Asked, Rows, FirstRead]:
    """Read what is known of some users, what their coupons are for, and what has changed, all in one statement.

    What users hold is looked up by their ids, and then what each coupon is. Left to itself, MySQL may begin with the
    coupons and read what everybody holds: of tables that were just filled it knows too little.

    Args:
        user_ids: whose pages are asked for.
        since: an order after this instant counts as made lately.
        after: count the log's changes after this one; `None` where there is no log.
    """
    if after is None and not user_ids:
        return FirstRead({})
    instants = {"now": from_instant(datetime.now(UTC)), "lately": from_instant(since)}
    if after is None:
        rows = yield _PROFILES.ask(instants, user_ids)
    else:
        rows = yield _PROFILES_AND_CHANGES.ask({**instants, "after": after}, user_ids)
    coupons = [UnusedCoupon._make(row[1:-1]) for row in rows if row[0] == _COUPON]
    holders, targets = {coupon.user_id for coupon in coupons}, gather_targets(coupons)
    profiles = {
        user_id: Profile(nickname, bool(ordered_lately), user_id in holders, targets.get(user_id))
        for kind, user_id, ordered_lately, *_, nickname in rows
        if kind == _USER
    }
    return FirstRead(profiles, rows[0][2] if after is not None else 0)
