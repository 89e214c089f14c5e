"""Pages composed by hand: how many repeats they hold, each family once, and what of them was bought."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF
from training.data.windows import Window, open_window
from training.evaluation.lists import K, evaluate_ranker
from training.fit import Fitted
from training.ranking.ranker import Ranker
from training.studies.homepages import Lists, compose, draw_lists, judge, open_backtest

HORIZON_DAYS = 28
CUT = AS_OF - timedelta(days=HORIZON_DAYS)


@pytest.fixture(scope="module")
def window(synthetic_store: MLStore) -> Window:
    return open_window(load_purchases(synthetic_store, AS_OF), CUT, HORIZON_DAYS)


def one_list(is_new: list[bool], families: list[int] | None = None, scores: list[float] | None = None) -> Lists:
    """A list of one user, products numbered from 0, best first."""
    depth = len(is_new)
    return Lists(
        user_rows=np.array([0]),
        products=np.arange(depth)[None],
        scores=np.array([scores or np.linspace(0.9, 0.1, depth)], dtype=np.float32),
        is_new=np.array([is_new]),
        families=np.array([families or list(range(depth))]),
    )


REPEATS_FIRST = [False] * 20 + [True] * 10


@pytest.mark.parametrize("most", [20, 19, 12, 10])
def test_a_page_holds_the_best_repeats_up_to_the_bound_and_new_products_fill_it(most: int) -> None:
    page = compose(one_list(REPEATS_FIRST), np.array([most]))

    assert page.tolist() == [[*range(most), *range(20, 40 - most)]]


def test_what_is_held_back_fills_what_new_products_leave_free() -> None:
    page = compose(one_list([False] * 20 + [True] * 3), np.array([10]))

    assert page.tolist() == [[*range(10), 20, 21, 22, *range(10, 17)]]


def test_a_page_of_too_short_a_list_ends_early() -> None:
    page = compose(one_list([False, True]), np.array([0]))

    assert page.tolist() == [[1, 0] + [-1] * 18]


def test_a_family_shows_its_first_product_alone() -> None:
    families = [7, 7, 8, *range(10, 37)]

    page = compose(one_list(REPEATS_FIRST, families), np.array([20]))
    as_they_come = compose(one_list(REPEATS_FIRST, families), np.array([20]), by_family=False)

    assert page.tolist() == [[0, *range(2, 21)]]
    assert as_they_come.tolist() == [[*range(20)]]


def test_a_variant_that_is_new_may_stand_for_a_repeat_that_was_held_back() -> None:
    page = compose(one_list([False, False, True], [1, 2, 2]), np.array([1]))

    assert page.tolist() == [[0, 2] + [-1] * 18]


@pytest.mark.parametrize(("weight", "repeats"), [(1.0, 20), (1.3, 19), (1000.0, 10)])
def test_new_products_that_count_more_leave_fewer_repeats(weight: float, repeats: int) -> None:
    scores = [0.5] * 19 + [0.4] + [0.35] + [0.3] * 9

    assert one_list(REPEATS_FIRST, scores=scores).weigh_new(weight).tolist() == [repeats]


def test_scores_expect_repeats_among_what_they_sum_up_to() -> None:
    assert one_list([False, True], scores=[0.6, 0.2]).expect_repeats() == pytest.approx([0.75])


def test_pages_without_families_are_the_lists_that_quality_is_judged_on(fitted: Fitted, window: Window) -> None:
    ranker, users = Ranker.load(fitted.folder, is_holdout=True), window.users_with_labels()
    lists = draw_lists(window, users, ranker)

    judged = judge(window, lists, compose(lists, np.full(len(users), K), by_family=False))

    assert judged.ndcg == pytest.approx(evaluate_ranker(window, users, ranker).ndcg)


def test_bought_products_count_as_repeats_or_as_new(window: Window) -> None:
    user = int(window.users_with_labels()[0])
    bought = window.products.items[window.products.users == user]
    start, end = window.arrays.history_offsets[user : user + 2]
    is_new = ~np.isin(bought, window.arrays.history_products[start:end])
    lists = Lists(
        np.array([user]), bought[None], np.ones((1, len(bought)), dtype=np.float32), is_new[None], bought[None]
    )

    judged = judge(window, lists, compose(lists, np.array([K])))

    assert judged.ndcg == pytest.approx([1.0])
    assert judged.new_hits[0] + judged.num_repeats[0] == min(len(bought), K)
    assert judged.has_new[0] == (judged.new_hits[0] > 0)


def test_a_backtest_is_judged_on_the_horizon_after_its_cut(synthetic_store: MLStore, tmp_path: Path) -> None:
    described = {"as_of": CUT.isoformat(), "horizon_days": 7}
    (tmp_path / "metrics.json").write_text(json.dumps(described), encoding="utf-8")

    purchases, window = open_backtest(synthetic_store, tmp_path)

    assert (window.start, window.end) == (CUT, CUT + timedelta(days=7))
    assert purchases.as_of == window.end
