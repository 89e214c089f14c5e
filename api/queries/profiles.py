"""Query of what the shop knows of a page's users: nickname, orders made lately, coupons in hand."""

import time
from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, exists, select

from api.db.statements import IDS, Prepared, from_instant
from shop.tables import Coupon, Order, User, UserCoupon


class Profile(NamedTuple):
    """A user whom the shop has.

    Attributes:
        nickname: the user's.
        ordered_lately: whether the user ordered something that may still keep off the page.
        has_coupons: whether the user holds coupons that may be valid.
    """

    nickname: str
    ordered_lately: bool
    has_coupons: bool


_PROFILES = Prepared(
    select(
        User.user_id,
        User.nickname,
        exists().where(Order.user_id == User.user_id, Order.ordered_at > bindparam("lately")).label("ordered_lately"),
        exists()
        .where(UserCoupon.user_id == User.user_id, UserCoupon.used_at.is_(None))
        .where(Coupon.coupon_id == UserCoupon.coupon_id, Coupon.valid_until > bindparam("now"))
        .label("has_coupons"),
    ).where(User.user_id.in_(IDS))
)


def fetch_profiles(connection: Connection, user_ids: Collection[int], since: datetime) -> dict[int, Profile]:
    """Read what is known of some users; whom the shop does not have is absent.

    Args:
        connection: to the shop's database.
        user_ids: whose pages are asked for.
        since: an order after this instant counts as made lately.
    """
    rows = _PROFILES.execute(connection, _write_instants(int(time.time()), int(since.timestamp())), user_ids)
    return {
        user_id: Profile(nickname, bool(ordered_lately), bool(has_coupons))
        for user_id, nickname, ordered_lately, has_coupons in rows
    }


@lru_cache(1)
def _write_instants(now: int, since: int) -> dict[str, str]:
    """Write down instants to the second. What they let in too much of, the exact reads leave out."""
    written = {"now": now, "lately": since}
    return {name: from_instant(datetime.fromtimestamp(second, UTC)) for name, second in written.items()}
