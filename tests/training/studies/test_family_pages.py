"""Families merged into products of the small shop, and pages of families judged by hand."""

import numpy as np
import polars as pl
import pytest

from features.snapshot.purchases import Purchases
from training.data.windows import Window
from training.studies.family_pages import judge_families, merge_families, name_families


def test_merged_families_keep_every_order_and_all_money(purchases: Purchases) -> None:
    merged = merge_families(purchases)
    family_ids = name_families(purchases.products)["family_id"].unique().sort()

    assert merged.products["product_id"].to_list() == family_ids.to_list()
    assert len(family_ids) < purchases.products.height
    assert merged.lines["product_id"].is_in(family_ids.implode()).all()
    assert not merged.lines.select("order_id", "product_id").is_duplicated().any()
    by_order = [
        each.lines.group_by("order_id").agg(pl.col("quantity", "value").sum()).sort("order_id")
        for each in (merged, purchases)
    ]
    assert by_order[0]["order_id"].to_list() == by_order[1]["order_id"].to_list()
    assert by_order[0]["value"].to_list() == pytest.approx(by_order[1]["value"].to_list())


def test_a_family_is_one_maker_and_one_type(purchases: Purchases) -> None:
    named = purchases.products.join(name_families(purchases.products), on="product_id")

    makers = named.group_by("family_id").agg(pl.struct("type_code", "brand_code").n_unique())
    assert makers["type_code"].to_list() == [1] * purchases.products.select("type_code", "brand_code").n_unique()


def page_of(window: Window, user: int, products: np.ndarray) -> pl.DataFrame:
    """The families of products, each with the first of them, best first."""
    page = pl.DataFrame({"product": products, "family": window.arrays.type_brand_codes[products]})
    page = page.unique("family", keep="first", maintain_order=True)
    return page.with_columns(user=pl.lit(user), score=-pl.int_range(pl.len()).cast(pl.Float64))


def pick_user(window: Window) -> tuple[int, np.ndarray]:
    """A user who bought from few families, and the products."""
    for user in window.users_with_labels():
        bought = window.products.items[window.products.users == user]
        if len(np.unique(window.arrays.type_brand_codes[bought])) in range(2, 20):
            return int(user), bought
    raise AssertionError("nobody bought from so few families")


def test_another_variant_is_right_by_family_and_wrong_by_product(window: Window) -> None:
    user, bought = pick_user(window)
    families = window.arrays.type_brand_codes
    others = np.setdiff1d(np.flatnonzero(np.isin(families, families[bought])), bought)
    shown = np.array([next((o for o in others if families[o] == families[b]), b) for b in bought])

    right = judge_families(window, np.array([user]), page_of(window, user, bought))
    wrong = judge_families(window, np.array([user]), page_of(window, user, shown))

    assert right.family_ndcg == pytest.approx([1.0])
    assert right.family_recall == wrong.family_recall == pytest.approx([1.0])
    assert wrong.product_ndcg[0] < right.product_ndcg[0]


def test_what_was_never_bought_before_is_new(window: Window) -> None:
    user, bought = pick_user(window)
    start, end = window.arrays.history_offsets[user : user + 2]
    known = window.arrays.history_products[start:end]
    families = window.arrays.type_brand_codes

    page = page_of(window, user, bought)
    judged = judge_families(window, np.array([user]), page)

    assert judged.new_products.tolist() == [(~np.isin(page["product"], known)).sum()]
    assert judged.new_families.tolist() == [(~np.isin(page["family"], families[known])).sum()]


def test_an_empty_page_finds_nothing(window: Window) -> None:
    user, bought = pick_user(window)

    judged = judge_families(window, np.array([user]), page_of(window, user, bought).clear())

    assert judged.family_ndcg.tolist() == judged.product_recall.tolist() == judged.new_products.tolist() == [0.0]
