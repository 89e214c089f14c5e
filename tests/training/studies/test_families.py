"""Ways to rank families on the small shop: each family once, and today's way as pages are."""

import numpy as np
import polars as pl
import pytest

from features.snapshot.purchases import Purchases
from tests.support.synthetic import SMALL_CONFIG
from training.data.windows import Window
from training.evaluation.lists import K
from training.fit import Fitted, fit
from training.ranking.ranker import Ranker
from training.studies.families import (
    BEST,
    BOUGHT_LAST,
    MAXIMUM,
    NOISY_OR,
    TODAY,
    choose_variants,
    combine,
    measure_ways,
    write_ways,
)
from training.studies.family_pages import JudgedFamilies, merge_families
from training.studies.homepages import compose, draw_lists, judge

CONFIG = SMALL_CONFIG.replace({"model.num_members": 1, "optimiser.epochs": 1, "optimiser.min_steps": 10})


@pytest.fixture(scope="module")
def judged(
    fitted: Fitted, purchases: Purchases, window: Window, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, JudgedFamilies]:
    folder = tmp_path_factory.mktemp("families") / "version"
    fit(merge_families(purchases), CONFIG, folder, lambda epoch, metrics: None)
    rankers = [Ranker.load(each, is_holdout=True) for each in (fitted.folder, folder)]
    return measure_ways(window, window.users_with_labels(), rankers[0], purchases, rankers[1])


VARIANTS = pl.DataFrame(
    {
        "user": [0, 0, 0, 0],
        "product": [1, 2, 3, 4],
        "family": [7, 7, 7, 8],
        "score": [0.5, 0.4, 0.1, 0.6],
        "days": [None, 9.0, 3.0, None],
    }
)


@pytest.mark.parametrize(
    ("score", "order", "expected"),
    [
        (MAXIMUM, BEST, {7: (1, 0.5), 8: (4, 0.6)}),
        (MAXIMUM, BOUGHT_LAST, {7: (3, 0.5), 8: (4, 0.6)}),
        (NOISY_OR, BEST, {7: (1, 1 - 0.5 * 0.6 * 0.9), 8: (4, 0.6)}),
    ],
    ids=["maximum", "bought last", "noisy-or"],
)
def test_a_family_has_one_score_and_one_variant(
    score: pl.Expr, order: tuple[pl.Expr, ...], expected: dict[int, tuple[int, float]]
) -> None:
    combined = combine(VARIANTS, score, order)

    found = {family: (product, value) for family, product, value in combined["family", "product", "score"].iter_rows()}
    assert found.keys() == expected.keys()
    for family, (product, value) in expected.items():
        assert found[family] == (product, pytest.approx(value))


def test_a_known_family_shows_what_was_bought_last_and_others_what_sells_best(window: Window) -> None:
    arrays = window.arrays
    codes = np.unique(arrays.type_brand_codes[arrays.best_sellers])
    families = pl.DataFrame(
        {"user": np.zeros(len(codes), dtype=np.int64), "family": codes, "score": np.ones(len(codes))}
    )
    bought = arrays.history_products[: arrays.history_offsets[1]]
    can_be_sold = arrays.is_sellable[bought]
    days = arrays.history_column("pair_days_since")[: len(bought)][can_be_sold]
    bought = bought[can_be_sold]

    for _, family, _, product in choose_variants(families, window).iter_rows():
        of_family = np.flatnonzero(arrays.type_brand_codes[bought] == family)
        if len(of_family):
            assert days[bought == product] == days[of_family].min()
        else:
            rows = arrays.best_sellers[arrays.type_brand_codes[arrays.best_sellers] == family]
            assert product == rows[0]


def test_the_first_way_makes_the_pages_that_are_shown(
    fitted: Fitted, window: Window, judged: dict[str, JudgedFamilies]
) -> None:
    users = window.users_with_labels()
    lists = draw_lists(window, users, Ranker.load(fitted.folder, is_holdout=True))

    pages = judge(window, lists, compose(lists, np.full(len(users), K)))

    assert judged[TODAY].product_ndcg.mean() == pytest.approx(pages.ndcg.mean(), abs=0.01)
    assert judged[TODAY].new_products.mean() == pytest.approx(pages.new_hits.mean(), abs=0.05)


def test_each_way_has_a_row_and_its_differences(judged: dict[str, JudgedFamilies]) -> None:
    page = "\n".join(write_ways(judged))

    for way in judged:
        assert page.count(f"\n| {way} |") == (1 if way == TODAY else 2)
    assert page.count("[") == 7 * (len(judged) - 1)
