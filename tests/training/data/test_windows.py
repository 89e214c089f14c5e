"""Labels of a window are what could be ranked at its start."""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from features.snapshot.purchases import Purchases
from tests.features.purchase_rows import AS_OF, make_purchases
from training.data.windows import open_window

START = AS_OF - timedelta(days=28)
ROWS = [(user, product, days) for user in (1, 2) for product in (1, 2, 3) for days in (100.0, 10.0)]


def sell_out(purchases: Purchases, product_id: int, days_before_start: float) -> Purchases:
    change = pl.DataFrame(
        {
            "product_id": [product_id],
            "since": [START - timedelta(days=days_before_start)],
            "is_visible": [True],
            "is_sellable": [False],
        },
        schema=purchases.availability.schema,
    )
    return replace(purchases, availability=pl.concat([purchases.availability, change]).sort("since"))


def test_what_was_sold_out_at_the_start_is_no_label_though_its_category_is() -> None:
    window = open_window(sell_out(make_purchases(ROWS), 2, days_before_start=1), START, 28)

    assert sorted(set(window.arrays.product_ids[window.products.items])) == [1, 3]
    assert sorted(set(window.arrays.category_ids[window.categories.items])) == [1, 2, 3]


def test_what_was_sold_out_only_later_is_a_label() -> None:
    window = open_window(sell_out(make_purchases(ROWS), 2, days_before_start=-1), START, 28)

    assert sorted(set(window.arrays.product_ids[window.products.items])) == [1, 2, 3]


def test_what_was_not_known_at_the_start_stays_a_label_that_nobody_could_find() -> None:
    window = open_window(make_purchases([*ROWS, (1, 9, 5.0)]), START, 28)

    assert (window.products.items == -1).sum() == 1
