from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.definitions import HISTORY_FEATURES, list_names
from features.ranking.candidates import draw_candidates
from features.ranking.pairs import EXPRESSIONS
from features.rebuild import build_snapshot
from features.snapshot.purchases import Purchases
from features.snapshot.tables import TABLES
from tests.features.purchase_rows import make_purchases


def test_what_history_leaves_open_is_computed_for_candidates() -> None:
    assert HISTORY_FEATURES + list(EXPRESSIONS) == list_names("pair")


def test_pairs_bought_before_carry_their_history_and_new_ones_none(tiny_purchases: Purchases) -> None:
    arrays = build_snapshot(tiny_purchases).arrays
    candidates = draw_candidates(arrays, np.array([0, 1]), 10)

    pairs = pl.DataFrame(candidates.features, schema=list_names("pair")).with_columns(
        user=arrays.user_ids[candidates.user_rows], product=arrays.product_ids[candidates.product_rows]
    )

    orders = pairs.sort("user", "product").select("user", "product", pl.col("pair_orders").fill_nan(None))
    assert orders.rows() == [(1, 1, 4), (1, 3, 2), (1, 5, None), (2, 1, 1), (2, 3, 1), (2, 5, 1)]


def test_what_is_alike_counts_for_pairs_never_bought() -> None:
    purchases = make_purchases([(1, 1, 0), (1, 2, 0), (2, 4, 0)])  # products 1 and 4 are of one type and brand
    arrays = build_snapshot(purchases).arrays
    candidates = draw_candidates(arrays, np.array([0]), 10)

    pairs = pl.DataFrame(candidates.features, schema=list_names("pair"))

    of_4 = pairs.row(arrays.product_ids[candidates.product_rows].tolist().index(4), named=True)
    assert of_4["pair_type_decayed"] == of_4["pair_brand_decayed"] == 1
    assert of_4["pair_type_share"] == 0.5
    assert (of_4["pair_type_days_since"], of_4["pair_type_loyalty"]) == (0, 0)
    of_1 = pairs.row(arrays.product_ids[candidates.product_rows].tolist().index(1), named=True)
    assert of_1["pair_type_loyalty"] == 1


def test_a_new_product_is_held_against_what_the_user_buys_of_its_type() -> None:
    purchases = make_purchases([(1, 1, 10), (1, 1, 5), (1, 4, 0), (1, 3, 0), (2, 7, 0)])  # 1, 4 and 7 are of one type
    brands = pl.when(pl.col("product_id") == 1).then(1).otherwise(2).cast(pl.Int64)
    arrays = build_snapshot(
        replace(
            purchases,
            products=purchases.products.with_columns(brand_code=brands),
            lines=purchases.lines.with_columns(
                brand_code=brands, value=pl.when(pl.col("product_id") == 7).then(3.0).otherwise(1.0)
            ),
        )
    ).arrays

    candidates = draw_candidates(arrays, np.array([0]), 10)
    pairs = pl.DataFrame(candidates.features, schema=list_names("pair"))

    of_7 = pairs.row(arrays.product_ids[candidates.product_rows].tolist().index(7), named=True)
    assert (of_7["pair_type_products"], of_7["pair_type_variety"]) == (2, pytest.approx(2 / 3))
    assert of_7["pair_type_brand_decayed"] == 1  # product 4 alone: 3 is of the brand, but of another type
    assert of_7["pair_type_price_gap"] == pytest.approx(np.log(3), rel=1e-6)


def test_a_type_never_bought_has_no_variety_and_no_price() -> None:
    arrays = build_snapshot(make_purchases([(1, 1, 0), (2, 2, 0)])).arrays
    candidates = draw_candidates(arrays, np.array([0]), 10)

    pairs = pl.DataFrame(candidates.features, schema=list_names("pair"))

    of_2 = pairs.row(arrays.product_ids[candidates.product_rows].tolist().index(2), named=True)
    assert (of_2["pair_type_products"], of_2["pair_type_brand_decayed"]) == (0, 0)
    assert np.isnan(of_2["pair_type_variety"])
    assert np.isnan(of_2["pair_type_price_gap"])


def test_an_old_purchase_speaks_less_for_what_goes_with_it_lately() -> None:
    age = 56.0
    companions = [(user, product, 0.0) for user in range(2, 40) for product in (1, 2)]
    others = [(user, 3, 0.0) for user in range(40, 80)]
    arrays = build_snapshot(make_purchases([(1, 1, age), *companions, *others])).arrays
    candidates = draw_candidates(arrays, np.array([0]), 10)

    pairs = pl.DataFrame(candidates.features, schema=list_names("pair"))

    of_2 = pairs.row(arrays.product_ids[candidates.product_rows].tolist().index(2), named=True)
    assert of_2["pair_together"] > 0
    assert of_2["pair_together_28d"] / of_2["pair_together"] == pytest.approx(0.5 ** (age / 28 - age / 112), rel=1e-4)


def test_the_price_gap_is_the_products_level_less_the_users(tiny_purchases: Purchases) -> None:
    arrays = build_snapshot(tiny_purchases).arrays
    candidates = draw_candidates(arrays, np.array([1]), 10)

    gaps = candidates.column("pair_price_gap")

    levels = arrays.product_column("product_price_level")[candidates.product_rows]
    assert gaps == pytest.approx(levels - arrays.user_column("user_price_level")[1])


def test_what_guests_buy_together_goes_together_for_shoppers_and_changes_nothing_else_of_theirs() -> None:
    rows = [(1, 1, 3), (2, 2, 3), (3, 3, 3)]
    guests = [(basket, product, 1) for basket in range(1, 30) for product in (1, 2)]
    alone, taught = (build_snapshot(make_purchases(rows, guests=baskets)) for baskets in ([], guests))

    together = []
    for snapshot in (alone, taught):
        candidates = draw_candidates(snapshot.arrays, np.array([0]), 10)
        pairs = pl.DataFrame(candidates.features, schema=list_names("pair"))
        products = snapshot.arrays.product_ids[candidates.product_rows].tolist()
        together.append([pairs["pair_together"][products.index(product)] for product in (2, 3)])

    assert together[0] == [0, 0]
    assert together[1][0] > 0.05
    assert together[1][1] == pytest.approx(0, abs=1e-9)
    same = [table for table in TABLES if table not in ("products", "neighbours")]
    assert all(getattr(taught, table).equals(getattr(alone, table)) for table in same)
