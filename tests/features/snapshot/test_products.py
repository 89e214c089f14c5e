from datetime import datetime
from math import log

import polars as pl
import pytest

from features.definitions import list_names
from features.snapshot.history import build_pairs
from features.snapshot.products import build_product_features
from features.snapshot.purchases import Purchases
from tests.features.purchase_rows import MISSING, make_purchases, read_row
from tests.support.tiny_shop import day

# Of tests/support/tiny_shop.py as of noon of 25 January. Two of the five pairs of user and product came back: 0.4, and
# the prior of five buyers pulls every repeat rate towards it.
MILK = {
    "product_orders_7d": 1,
    "product_orders_28d": 5,
    "product_orders_91d": 5,
    "product_trend": log(6),
    "product_buyers_7d": 1,
    "product_buyers_28d": 2,
    "product_buyers": 2,
    "product_new_buyers_7d": 0,
    "product_new_buyers_28d": 2,
    "product_new_share": 2 / 5,
    "product_type_new_share": 2 / 5,
    "product_repeat_rate": (1 + 5 * 0.4) / (2 + 5),
    "product_interval_days": 7,
    "product_price": 15.00 / 6,
    "product_price_level": 0,
    "product_discount_28d": 0,
    "product_age_days": 24,
    "product_days_since_sale": 3,
    "product_type_share": 1,
}
BREAD = {"product_price": 8.70 / 3, "product_discount_28d": 0.30 / 9.00, "product_repeat_rate": (1 + 2) / (2 + 5)}
COLA = {
    "product_orders_7d": 1,
    "product_new_buyers_7d": 1,
    "product_new_share": 1,
    "product_repeat_rate": (0 + 2) / (1 + 5),
    "product_interval_days": MISSING,
}


def describe(purchases: Purchases) -> pl.DataFrame:
    return build_product_features(purchases, build_pairs(purchases))


@pytest.mark.parametrize(
    ("product", "expected"), [(1, MILK), (3, BREAD), (5, COLA)], ids=["habit", "discounted", "sold once"]
)
def test_a_product_by_hand(tiny_purchases: Purchases, product: int, expected: dict[str, float]) -> None:
    row = read_row(describe(tiny_purchases), expected, product_id=product)

    assert row == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_products_never_sold_stay_with_nulls_and_no_popularity(tiny_purchases: Purchases) -> None:
    products = describe(tiny_purchases)

    unsold = products.filter(pl.col("product_id").is_in([4, 6]))
    assert products["product_id"].to_list() == [1, 3, 4, 5, 6]
    assert unsold["popularity"].to_list() == [0, 0]
    described = unsold.select(*list_names("product"), "first_sold_at")
    assert described.null_count().row(0) == (2,) * described.width


def test_popularity_decays_and_forgets_nothing_wholly(tiny_purchases: Purchases) -> None:
    cola = describe(tiny_purchases).filter(pl.col("product_id") == 5)

    assert cola["popularity"].item() == pytest.approx(0.5 ** (5 / 28) + 0.02)
    assert cola["first_sold_at"].item() == day(20)


def test_the_first_sale_is_an_instant(tiny_purchases: Purchases) -> None:
    assert isinstance(describe(tiny_purchases)["first_sold_at"][0], datetime)


def test_the_price_level_is_against_the_mean_of_the_category() -> None:
    purchases = make_purchases([(1, 3, 2), (1, 6, 2)])  # both of category 1
    lines = purchases.lines.with_columns(value=pl.when(pl.col("product_id") == 3).then(1.0).otherwise(3.0))

    products = describe(Purchases(**{**vars(purchases), "lines": lines}))

    assert products["product_price_level"].to_list() == pytest.approx([log(1 / 2), log(3 / 2)])


def test_the_trend_compares_28_days_with_the_28_before() -> None:
    products = describe(make_purchases([(1, 1, 5), (1, 1, 30), (1, 1, 55), (1, 1, 56)]))

    assert products["product_trend"].item() == pytest.approx(log((1 + 1) / (2 + 1)))


def test_guests_are_buyers_who_are_never_new_and_never_come_back() -> None:
    rows = [(1, 1, 5), (1, 1, 20), (2, 1, 10), (2, 2, 10)]
    names = [
        "product_orders_28d", "product_buyers", "product_days_since_sale", "product_new_buyers_28d",
        "product_new_share", "product_repeat_rate", "product_interval_days",
    ]  # fmt: skip

    alone, with_guests = (
        describe(make_purchases(rows, guests=guests)) for guests in ([], [(1, 1, 3), (2, 1, 4), (2, 3, 4)])
    )

    of_shoppers, of_all = (read_row(products, names, product_id=1) for products in (alone, with_guests))
    assert of_all == of_shoppers | {"product_orders_28d": 5, "product_buyers": 4, "product_days_since_sale": 3}
    assert with_guests["popularity"].to_list() == pytest.approx(
        [sum(0.5 ** (age / 28) for age in (5, 10, 3, 4)) + 0.08, 0.5 ** (10 / 28) + 0.02, 0.5 ** (4 / 28) + 0.02]
    )
    assert read_row(with_guests, ["product_new_share"], product_id=3) == pytest.approx(
        {"product_new_share": MISSING}, nan_ok=True
    )


def test_products_of_a_type_share_its_sales() -> None:
    products = describe(make_purchases([(1, 1, 0), (2, 1, 0), (3, 4, 0)]))  # both of type 1

    assert products["product_type_share"].to_list() == pytest.approx([2 / 3, 1 / 3])


def test_first_purchases_of_the_last_91_days_are_counted_for_a_product_and_for_its_type() -> None:
    of_1 = [(1, 1, 100), (1, 1, 50), (1, 1, 10), (2, 1, 20)]  # of these, the last alone is a first one of this quarter
    of_4 = [(1, 4, 5)]  # of the same type

    products = describe(make_purchases([*of_1, *of_4]))

    assert products["product_new_share"].to_list() == pytest.approx([1 / 3, 1])
    assert products["product_type_new_share"].to_list() == pytest.approx([2 / 4, 2 / 4])
