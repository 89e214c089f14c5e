from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert

from api.queries.coupons import CouponTargets, fetch_held_coupons, find_targets
from api.queries.profiles import Profile, fetch_profiles
from shop.database import open_engine
from shop.migrate import migrate
from shop.tables import Coupon, User, UserCoupon
from tests.support.tiny_shop import fill_tiny_shop

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    """The tiny shop on each of the three databases in turn."""
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


def hand_out(shop: Engine, user_id: int, coupon_id: int, *, used_at: datetime | None = None, **values: Any) -> None:
    """Put a coupon of its own into a user's hands."""
    terms = {"discount_type": "percent", "discount_value": Decimal(10), "valid_from": NOW - DAY}
    coupon = {"coupon_id": coupon_id, "code": f"C{coupon_id}", "name": "Off", "valid_until": NOW + DAY, **terms}
    with shop.begin() as connection:
        connection.execute(insert(Coupon).values(coupon | values))
        held = {"user_id": user_id, "coupon_id": coupon_id, "issued_at": NOW - DAY, "used_at": used_at}
        connection.execute(insert(UserCoupon).values(held))


def read_profiles(connection: Connection, *user_ids: int) -> dict[int, Profile]:
    return fetch_profiles(connection, user_ids, NOW).profiles


def count_rows_read(connection: Connection) -> int:
    """Return how many rows this session has read so far."""
    counts = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
    return sum(int(count) for _, count in counts)


def test_targets_are_those_of_the_coupons_that_can_be_redeemed(shop: Engine) -> None:
    hand_out(shop, 4, 101, product_id=1)
    hand_out(shop, 4, 102, category_id=2)
    hand_out(shop, 4, 103)
    hand_out(shop, 4, 104, product_id=2, used_at=NOW)
    hand_out(shop, 4, 105, product_id=3, valid_until=NOW - DAY / 2)
    hand_out(shop, 4, 106, product_id=4, valid_from=NOW + DAY / 2)
    hand_out(shop, 3, 107, product_id=5, category_id=3)

    with shop.connect() as connection:
        profiles = read_profiles(connection, 2, 3, 4)
        of_user = find_targets(fetch_held_coupons(connection, 4))

    assert profiles[4].coupon_targets == CouponTargets(frozenset({1}), frozenset({2})) == of_user
    assert profiles[3].coupon_targets is not None
    assert profiles[3].coupon_targets.cover(5, 1)
    assert not profiles[3].coupon_targets.cover(6, 3)
    assert (profiles[2].has_coupons, profiles[2].coupon_targets) == (False, None)


def test_a_coupon_for_everything_and_one_for_later_are_held_and_lift_nothing(shop: Engine) -> None:
    hand_out(shop, 4, 101)
    hand_out(shop, 3, 102, product_id=4, valid_from=NOW + DAY / 2)

    with shop.connect() as connection:
        profiles = read_profiles(connection, 3, 4)

    assert [(each.has_coupons, each.coupon_targets) for each in profiles.values()] == [(True, None)] * 2


def test_the_coupons_of_all_others_are_not_read_though_the_table_was_just_filled(any_server_url: str) -> None:
    engine = open_engine(any_server_url)
    migrate(engine)
    fill_tiny_shop(engine)
    with engine.begin() as connection:
        connection.execute(insert(User), [{"user_id": user_id, "nickname": ""} for user_id in range(100, 5100)])
    hand_out(engine, 4, 101, product_id=1)
    with engine.begin() as connection:
        held = {"coupon_id": 101, "issued_at": NOW - DAY}
        connection.execute(insert(UserCoupon), [held | {"user_id": user_id} for user_id in range(100, 5100)])

    with engine.connect() as connection:
        before = count_rows_read(connection)
        profiles = read_profiles(connection, *range(100, 116))
        num_read = count_rows_read(connection) - before
    engine.dispose()

    assert sum(profile.has_coupons for profile in profiles.values()) == 16
    assert num_read < 2500  # SHOW STATUS itself reads some hundred


def test_a_coupon_that_makes_no_sense_is_left_out_by_itself(empty_shop: Engine) -> None:
    fill_tiny_shop(empty_shop)
    hand_out(empty_shop, 4, 101, product_id=1)
    hand_out(empty_shop, 4, 102, product_id=2)
    hand_out(empty_shop, 4, 103, product_id=3)
    with empty_shop.begin() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql("UPDATE coupons SET discount_value = 'much' WHERE coupon_id = 102")
        connection.exec_driver_sql("UPDATE coupons SET valid_until = '9999-99-99' WHERE coupon_id = 103")

    with empty_shop.connect() as connection:
        assert read_profiles(connection, 4)[4].coupon_targets == CouponTargets(frozenset({1}), frozenset())
