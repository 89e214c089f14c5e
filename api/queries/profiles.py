"""Query that a page begins with in the shop: nickname, orders made lately, coupons in hand, and what has changed."""

import time
from collections.abc import Collection, Generator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, exists, func, literal, select

from api.db.statements import IDS, Asked, Prepared, Rows, Script, from_instant
from api.queries.catalogue_changes import CHANGES
from api.queries.coupons import CouponTargets, fetch_coupon_targets
from shop.tables import Coupon, Order, User, UserCoupon


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


_COLUMNS = (
    User.user_id,
    User.nickname,
    exists().where(Order.user_id == User.user_id, Order.ordered_at > bindparam("lately")).label("ordered_lately"),
    exists()
    .where(UserCoupon.user_id == User.user_id, UserCoupon.used_at.is_(None))
    .where(Coupon.coupon_id == UserCoupon.coupon_id, Coupon.valid_until > bindparam("now"))
    .label("has_coupons"),
)
_PROFILES = Prepared(select(literal(0), *_COLUMNS).where(User.user_id.in_(IDS)))
_NUM_CHANGES = (
    select(func.count().label("number")).select_from(CHANGES).where(CHANGES.c.change_id > bindparam("after")).subquery()
)
_PROFILES_AND_CHANGES = Prepared(
    select(_NUM_CHANGES.c.number, *_COLUMNS).select_from(_NUM_CHANGES).outerjoin(User, User.user_id.in_(IDS))
)


class FirstRead(NamedTuple):
    """What a page reads of the shop first.

    Attributes:
        profiles: of the users; whom the shop does not have is absent.
        num_changes: how many changes the log holds after the one that was asked for; 0 where none was.
    """

    profiles: dict[int, Profile]
    num_changes: int = 0


@Script
def fetch_profiles(
    user_ids: Collection[int], since: datetime, after: int | None = None
) -> Generator[Asked, Rows, FirstRead]:
    """Read what is known of some users, what their coupons are for, and in the first statement what has changed.

    Args:
        user_ids: whose pages are asked for.
        since: an order after this instant counts as made lately.
        after: count the log's changes after this one; `None` where there is no log.
    """
    instants = _write_instants(int(time.time()), int(since.timestamp()))
    if after is None:
        rows = (yield _PROFILES.ask(instants, user_ids)) if user_ids else []
    else:
        rows = yield _PROFILES_AND_CHANGES.ask({**instants, "after": after}, user_ids)
    holders = [row[1] for row in rows if row[4]]
    targets = (yield from fetch_coupon_targets.steps(holders)) if holders else {}
    profiles = {
        user_id: Profile(nickname, bool(ordered_lately), bool(has_coupons), targets.get(user_id))
        for _, user_id, nickname, ordered_lately, has_coupons in rows
        if user_id is not None
    }
    return FirstRead(profiles, rows[0][0] if rows else 0)


@lru_cache(1)
def _write_instants(now: int, since: int) -> dict[str, str]:
    """Write down instants to the second. What they let in too much of, the exact reads leave out."""
    written = {"now": now, "lately": since}
    return {name: from_instant(datetime.fromtimestamp(second, UTC)) for name, second in written.items()}
