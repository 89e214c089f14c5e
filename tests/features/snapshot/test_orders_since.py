from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import definitions
from features.definitions import FEATURES, Feature, UnfilledFeatureError, list_names
from features.ranking.retrieval import BestSellers
from features.rebuild import build_snapshot
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.buckets import assign_bucket
from features.snapshot.history import build_history, build_pairs
from features.snapshot.ordered_lines import OrderedLine
from features.snapshot.orders_since import add_orders
from features.snapshot.purchases import Purchases
from features.snapshot.tables import Snapshot
from features.snapshot.users import build_user_category_features, build_user_features
from tests.features.purchase_rows import AS_OF, make_purchases

OTHERS = [(9, product, 3.0 + product) for product in range(1, 13)] + [
    (8, product, 40.0 * product) for product in (1, 4)
]
NEWCOMER = 1
"""The user whose orders come; whoever else buys makes each category and price known."""

Basket = dict[int, tuple[int, float, float]]
"""Quantity, price of a piece, and discount, by product."""

baskets = st.dictionaries(
    st.integers(1, 12),
    st.tuples(st.integers(1, 4), st.sampled_from([0.0, 0.5, 2.25, 7.0]), st.sampled_from([0.0, 0.3, 1.0])),
    min_size=1,
    max_size=5,
)
ages = st.sampled_from([0.2, 1.5, 6.9, 13.0, 27.5, 29.0, 60.0, 120.0, 300.0])


def make_lines(orders: list[tuple[float, Basket]], first_id: int) -> list[OrderedLine]:
    return [
        OrderedLine(first_id + number, product, quantity, price * quantity, discount, AS_OF - timedelta(days=age))
        for number, (age, basket) in enumerate(orders)
        for product, (quantity, price, discount) in basket.items()
    ]


def assert_close(kept: np.ndarray, rebuilt: np.ndarray, name: str = "") -> None:
    np.testing.assert_allclose(kept, rebuilt, rtol=2e-5, atol=2e-6, err_msg=name)


def to_purchases(lines: list[OrderedLine]) -> Purchases:
    """Add a user's lines to those of the others."""
    purchases = make_purchases(OTHERS, users=[NEWCOMER])
    if not lines:
        return purchases
    described = purchases.products.drop("is_sellable")
    rows = (
        pl.DataFrame([line._asdict() for line in lines])
        .with_columns(
            pl.col("ordered_at").dt.cast_time_unit("us"),
            pl.col("quantity").cast(pl.Float64),
            user_id=pl.lit(NEWCOMER, pl.Int64),
            days=(pl.lit(AS_OF) - pl.col("ordered_at")).dt.total_microseconds() / 86_400e6,
        )
        .join(described, on="product_id")
    )
    everything = pl.concat([purchases.lines, rows.select(purchases.lines.columns)], how="vertical_relaxed")
    return replace(purchases, lines=everything.sort("user_id", "ordered_at", "product_id"))


def rebuild_user(lines: list[OrderedLine], shop: Snapshot) -> SnapshotArrays:
    """Build the user's rows from all lines by the expressions of the batch; the shop's own facts stay as they were."""
    purchases = to_purchases(lines)
    own = purchases.lines.filter(user_id=NEWCOMER)
    alone = replace(purchases, lines=own, user_ids=pl.DataFrame({"user_id": [NEWCOMER]}))
    bucket = assign_bucket(pl.col("user_id"), 1)
    return replace(
        shop,
        users=build_user_features(alone, shop.categories).with_columns(bucket),
        user_categories=build_user_category_features(alone, shop.categories).with_columns(bucket),
        history=build_history(alone, build_pairs(alone), shop.products).with_columns(bucket),
    ).arrays


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(st.tuples(ages, baskets), max_size=6, unique_by=lambda order: order[0]),
    since=st.lists(baskets, max_size=5),
)
def test_features_are_those_of_a_rebuild_with_the_orders(
    before: list[tuple[float, Basket]], since: list[Basket]
) -> None:
    known = make_lines(before, first_id=1000)
    shop = build_snapshot(to_purchases(known))
    moment = 1 / 86_400e6
    came = make_lines([(moment * (len(since) - number), basket) for number, basket in enumerate(since)], first_id=2000)

    kept = add_orders(shop.arrays, NEWCOMER, came)

    rebuilt = rebuild_user(known + came, shop)
    np.testing.assert_array_equal(kept.history_products, rebuilt.history_products)
    for name in list_names("user"):
        assert_close(kept.user_column(name), rebuilt.user_column(name), name)
    assert_close(kept.user_categories, rebuilt.user_categories)
    assert_close(kept.history, rebuilt.history)
    assert_close(kept.history_decayed, rebuilt.history_decayed)
    assert kept.totals is not None
    assert rebuilt.totals is not None
    assert_close(kept.totals.gross, rebuilt.totals.gross)
    np.testing.assert_array_equal(kept.totals.priced_lines, rebuilt.totals.priced_lines)


def lines_of(*products: int, order_id: int = 2000) -> list[OrderedLine]:
    return [OrderedLine(order_id, product, 1, 2.0, 0.0, AS_OF) for product in products]


def test_what_the_shop_knows_of_products_is_shared_and_not_computed_again() -> None:
    arrays = build_snapshot(to_purchases([])).arrays

    kept = add_orders(arrays, NEWCOMER, lines_of(1, 2))

    assert kept.link_weights is arrays.link_weights
    assert kept.best_sellers is arrays.best_sellers
    assert kept.once(BestSellers) is arrays.once(BestSellers)
    assert kept.purchases.shape == (1, len(arrays.product_ids))
    assert kept.freshness[0, 0] == 1


def test_a_user_whom_the_snapshot_does_not_know_begins_with_these_orders() -> None:
    arrays = build_snapshot(to_purchases([])).arrays

    unknown, known = (add_orders(arrays, user, lines_of(1, 2, 3)) for user in (777, NEWCOMER))

    assert_close(unknown.users, known.users)
    assert_close(unknown.user_categories, known.user_categories)
    assert_close(unknown.history, known.history)
    assert unknown.user_ids.tolist() == [777]


def test_lines_of_unknown_products_say_nothing_and_repeats_within_an_order_are_one_line() -> None:
    arrays = build_snapshot(to_purchases([])).arrays

    kept = add_orders(arrays, NEWCOMER, [*lines_of(1), *lines_of(1), *lines_of(999, order_id=2001)])

    assert kept.user_column("user_orders").tolist() == [1]
    assert kept.history_column("pair_orders").tolist() == [1]
    assert kept.history_column("pair_quantity").tolist() == [2]


def test_a_users_refusals_go_along_and_those_of_others_do_not() -> None:
    arrays = build_snapshot(to_purchases([])).arrays
    rows = arrays.find_users(np.array([NEWCOMER, 9]))
    refused = replace(arrays, exclusions=np.array([[rows[0], 4, -1], [rows[1], 5, -1]]))

    assert add_orders(refused, NEWCOMER, []).exclusions.tolist() == [[0, 4, -1]]
    assert add_orders(refused, 777, []).exclusions.tolist() == []


def test_a_snapshot_without_totals_says_what_to_do() -> None:
    arrays = replace(build_snapshot(to_purchases([])).arrays, totals=None)

    with pytest.raises(ValueError, match="rebuild it"):
        add_orders(arrays, NEWCOMER, lines_of(1))


def test_a_feature_that_cannot_be_kept_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = build_snapshot(to_purchases([])).arrays
    row = Feature("user_age", "user", "orders", "all", "own", "days", "log1p", "zero", "a feature of its own")
    monkeypatch.setattr(definitions, "FEATURES", (*FEATURES, row))
    wider = replace(arrays, users=np.column_stack([arrays.users, arrays.users[:, :1]]))

    with pytest.raises(UnfilledFeatureError, match=r"'user_age'.*orders_since"):
        add_orders(wider, NEWCOMER, lines_of(1))
