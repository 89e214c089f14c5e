"""Categories of the next order and those that a user lapsed from, counted again from the orders themselves."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.data.windows import Window, open_window
from training.evaluation.lists import evaluate_categories

HORIZON = timedelta(days=SMALL_CONFIG.data.horizon_days)
CUT = AS_OF - HORIZON


@pytest.fixture(scope="module")
def purchases(synthetic_store: MLStore) -> Purchases:
    return load_purchases(synthetic_store, AS_OF)


@pytest.fixture(scope="module")
def window(purchases: Purchases) -> Window:
    return open_window(purchases, CUT, SMALL_CONFIG.data.horizon_days)


def evaluate(window: Window) -> tuple[dict[str, float], np.ndarray]:
    users, categories = window.users_with_labels(), window.arrays.category_ids
    scores = np.random.default_rng(5).random((len(users), len(categories)), dtype=np.float32)
    return evaluate_categories(window, users, categories, scores), scores


def rank(scores: np.ndarray, categories: np.ndarray) -> list[int]:
    return [int(categories[column]) for column in np.argsort(-scores, kind="stable")]


def bought_by(lines: pl.DataFrame, user: int) -> set[int]:
    return set(lines.filter(pl.col("user_id") == user)["category_id"])


def test_the_next_order_is_the_first_one_after_the_cut(window: Window, purchases: Purchases) -> None:
    evaluated, scores = evaluate(window)
    after = purchases.lines.filter(pl.col("ordered_at") >= CUT)
    first = after.filter(pl.col("ordered_at") == pl.col("ordered_at").min().over("user_id"))

    expected = []
    for user, row in zip(window.arrays.user_ids[window.users_with_labels()], scores, strict=True):
        wanted = bought_by(first, user)
        places = [place for place, each in enumerate(rank(row, window.arrays.category_ids), 1) if each in wanted]
        expected.append(np.mean([found / place for found, place in enumerate(places, 1)]))

    assert evaluated["category_next_order_map"] == pytest.approx(np.mean(expected))


def test_categories_are_lapsed_after_as_many_days_as_the_window_has(window: Window, purchases: Purchases) -> None:
    evaluated, scores = evaluate(window)
    after = purchases.lines.filter(pl.col("ordered_at") >= CUT)
    lately = purchases.lines.filter((pl.col("ordered_at") < CUT) & (pl.col("ordered_at") >= CUT - HORIZON))

    expected = []
    for user, row in zip(window.arrays.user_ids[window.users_with_labels()], scores, strict=True):
        wanted = bought_by(after, user) - bought_by(lately, user)
        lapsed = [each for each in rank(row, window.arrays.category_ids) if each not in bought_by(lately, user)]
        if wanted:
            gain = sum(1 / np.log2(place + 2) for place, each in enumerate(lapsed[:3]) if each in wanted)
            expected.append(gain / sum(1 / np.log2(place + 2) for place in range(min(3, len(wanted)))))

    assert expected
    assert evaluated["category_lapsed_ndcg_at_3"] == pytest.approx(np.mean(expected))
