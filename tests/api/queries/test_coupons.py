from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from api.queries.coupons import CouponTargets, fetch_coupon_targets, fetch_held_coupons, find_targets
from shop.tables import Coupon, UserCoupon
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


def test_targets_are_those_of_the_coupons_that_can_be_redeemed(shop: Engine) -> None:
    hand_out(shop, 4, 101, product_id=1)
    hand_out(shop, 4, 102, category_id=2)
    hand_out(shop, 4, 103)
    hand_out(shop, 4, 104, product_id=2, used_at=NOW)
    hand_out(shop, 4, 105, product_id=3, valid_until=NOW - DAY / 2)
    hand_out(shop, 4, 106, product_id=4, valid_from=NOW + DAY / 2)
    hand_out(shop, 3, 107, product_id=5, category_id=3)

    with shop.connect() as connection:
        targets = fetch_coupon_targets(connection, [2, 3, 4])
        of_user = find_targets(fetch_held_coupons(connection, 4))

    assert targets[4] == CouponTargets(frozenset({1}), frozenset({2})) == of_user
    assert targets[3].cover(5, 1)
    assert not targets[3].cover(6, 3)


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
        assert fetch_coupon_targets(connection, [4]) == {4: CouponTargets(frozenset({1}), frozenset())}
