import polars as pl
import pytest

from features.snapshot.history import build_history, build_pairs, list_guest_baskets
from features.snapshot.products import build_product_features
from features.snapshot.purchases import Purchases
from tests.features.purchase_rows import MISSING, make_purchases, read_row

# Of tests/support/tiny_shop.py as of noon of 25 January.
MILK_EVERY_WEEK = {
    "pair_orders": 4,
    "pair_orders_28d": 4,
    "pair_quantity": 5,
    "pair_decayed_28d": sum(0.5 ** (age / 28) for age in (24, 17, 10, 3)),
    "pair_decayed_112d": sum(0.5 ** (age / 112) for age in (24, 17, 10, 3)),
    "pair_order_share": 4 / 4,
    "pair_days_since": 3,
    "pair_orders_since": 0,
    "pair_interval_days": 7,
    "pair_due": 3 / 7,
}
BREAD_TWICE = {
    "pair_orders": 2,
    "pair_order_share": 2 / 4,
    "pair_days_since": 17,
    "pair_orders_since": 2,
    "pair_interval_days": 7,
    "pair_due": 17 / 7,
}
MILK_ONCE = {"pair_orders": 1, "pair_order_share": 1 / 2, "pair_orders_since": 1, "pair_interval_days": MISSING}
MILK_ONCE_DUE = {"pair_due": 22 / 7}  # by the milk of others, every 7 days
BREAD_FOR_LESS = {"pair_discount_share": 0.30 / 3.00}
COLA_ONCE = {"pair_order_share": 1, "pair_orders_since": 0, "pair_interval_days": MISSING, "pair_due": MISSING}


def describe(purchases: Purchases) -> pl.DataFrame:
    pairs = build_pairs(purchases)
    return build_history(purchases, pairs, build_product_features(purchases, pairs))


@pytest.fixture(scope="module")
def history(tiny_purchases: Purchases) -> pl.DataFrame:
    return describe(tiny_purchases)


@pytest.mark.parametrize(
    ("user", "product", "expected"),
    [
        pytest.param(1, 1, MILK_EVERY_WEEK, id="a habit"),
        pytest.param(1, 3, BREAD_TWICE, id="overdue"),
        pytest.param(2, 1, MILK_ONCE, id="once, an order since"),
        pytest.param(2, 1, MILK_ONCE_DUE, id="once, due by the product's interval"),
        pytest.param(2, 3, BREAD_FOR_LESS, id="at a discount"),
        pytest.param(2, 5, COLA_ONCE, id="once, with the latest order"),
    ],
)
def test_a_pair_by_hand(history: pl.DataFrame, user: int, product: int, expected: dict[str, float]) -> None:
    row = read_row(history, expected, user_id=user, product_id=product)

    assert row == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_history_holds_what_was_bought_and_nothing_else(history: pl.DataFrame) -> None:
    assert history.select("user_id", "product_id").rows() == [(1, 1), (1, 3), (2, 1), (2, 3), (2, 5)]


def test_baskets_of_guests_that_hold_more_than_one_product_are_listed() -> None:
    purchases = make_purchases([(1, 1, 5)], guests=[(1, 1, 3), (2, 1, 4), (2, 3, 4)])

    baskets = list_guest_baskets(purchases)

    assert baskets.rows() == [(-2, 1, 4.0), (-2, 3, 4.0)]
    assert describe(purchases)["user_id"].to_list() == [1]
