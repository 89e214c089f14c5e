from math import log

import polars as pl
import pytest

from features.definitions import list_names
from features.snapshot.purchases import Purchases
from features.snapshot.users import build_user_category_features, build_user_features, describe_categories
from tests.features.purchase_rows import MISSING, make_purchases, read_row

# Of tests/support/tiny_shop.py as of noon of 25 January. User 1 ordered 24, 17, 10 and 3 days before; user 2 22 and 5.
# White bread cost 3.00, 3.00 and 2.70: on average 2.90.
USER_1 = {
    "user_days_since_order": 3,
    "user_tenure_days": 24,
    "user_orders": 4,
    "user_orders_28d": 4,
    "user_order_interval_days": 7,
    "user_order_due": 3 / 7,
    "user_order_trend": (4 + 1) / (4 * 28 / 91 + 1),
    "user_basket_products": 6 / 4,
    "user_basket_value": (8.0 + 5.5 + 2.5 + 2.5) / 4,
    "user_spend_28d": 18.5,
    "user_products": 2,
    "user_repeat_share": 4 / 6,
    "user_price_level": 2 * log(3.00 / 2.90) / 6,
    "user_discount_share": 0,
    "user_coupons_used": MISSING,
    "user_brand_focus": 4 / 6,
    "user_weekend_share": 0,
    "user_evening_share": 0,
}
USER_2 = {
    "user_days_since_order": 5,
    "user_tenure_days": 22,
    "user_orders": 2,
    "user_order_interval_days": 17,
    "user_order_due": 5 / 17,
    "user_products": 3,
    "user_repeat_share": 0,
    "user_price_level": log(2.70 / 2.90) / 3,
    "user_discount_share": 0.30 / (2.70 + 0.30 + 2.50 + 3.98),
    "user_coupons_used": 1,
    "user_brand_focus": 1 / 3,
    "user_weekend_share": 0.5,
}
USER_1_DAIRY = {
    "category_orders": 4,
    "category_orders_28d": 4,
    "category_decayed_28d": sum(0.5 ** (age / 28) for age in (24, 17, 10, 3)),
    "category_decayed_112d": sum(0.5 ** (age / 112) for age in (24, 17, 10, 3)),
    "category_order_share": 1,
    "category_line_share": 4 / 6,
    "category_spend_share": 12.5 / 18.5,
    "category_days_since": 3,
    "category_interval_days": 7,
    "category_due": 3 / 7,
    "category_reach_28d": 1,
}
USER_2_DRINKS = {
    "category_orders": 1,
    "category_order_share": 1 / 2,
    "category_line_share": 1 / 3,
    "category_days_since": 5,
    "category_interval_days": MISSING,
    "category_due": MISSING,
    "category_reach_28d": 1 / 2,
}


@pytest.mark.parametrize(("user", "expected"), [(1, USER_1), (2, USER_2)], ids=["weekly", "twice"])
def test_a_user_by_hand(tiny_purchases: Purchases, user: int, expected: dict[str, float]) -> None:
    row = read_row(build_user_features(tiny_purchases), expected, user_id=user)

    assert row == pytest.approx(expected, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize(
    ("key", "expected"), [((1, 1), USER_1_DAIRY), ((2, 3), USER_2_DRINKS)], ids=["habit", "bought once"]
)
def test_a_user_and_category_by_hand(
    tiny_purchases: Purchases, key: tuple[int, int], expected: dict[str, float]
) -> None:
    user, category = key

    row = read_row(build_user_category_features(tiny_purchases), expected, user_id=user, category_id=category)

    assert row == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_users_without_orders_have_a_row_of_nulls(tiny_purchases: Purchases) -> None:
    users = build_user_features(tiny_purchases)

    assert users["user_id"].to_list() == [1, 2, 3, 4]
    assert users.filter(pl.col("user_id") > 2).select(list_names("user")).null_count().sum_horizontal().item() == 36


def test_an_order_as_old_as_the_window_lies_outside() -> None:
    purchases = make_purchases([(1, 1, 27.99), (2, 1, 28.0)])

    assert build_user_features(purchases)["user_orders_28d"].to_list() == [1, 0]


def test_the_hours_of_the_evening_and_the_days_of_the_weekend_are_in_utc() -> None:
    # 1 February 2026 is a Sunday; one and two hours before it are Saturday evening, eight days before a Saturday.
    users = build_user_features(make_purchases([(1, 1, 1 / 24), (1, 1, 8 + 0.5), (2, 1, 2.5)]))

    assert users["user_evening_share"].to_list() == [0.5, 0.0]
    assert users["user_weekend_share"].to_list() == [0.5, 0.0]


def test_reach_counts_the_active_users_and_names_every_category_ever_bought_from() -> None:
    reach = describe_categories(make_purchases([(1, 1, 3), (2, 1, 4), (2, 2, 4), (3, 3, 60)]).lines)

    assert reach.rows() == [(1, 0.0, 1.0), (2, 1.0, 1.0), (3, 0.5, 1.0)]
