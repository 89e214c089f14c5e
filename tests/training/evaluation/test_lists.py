"""Lists by hand; categories of the next order and lapsed ones, counted again from the orders themselves."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.definitions import list_names
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from tests.training.evaluation.conftest import bought, with_user_column
from training.data.windows import Window
from training.evaluation.lists import (
    DISCOVERY_DEPTH,
    Evaluation,
    K,
    add_active_users,
    compare,
    evaluate_baseline,
    evaluate_categories,
    evaluate_lists,
    tabulate,
)
from training.evaluation.metrics import bootstrap_interval

HORIZON = timedelta(days=SMALL_CONFIG.data.horizon_days)
CUT = AS_OF - HORIZON


@pytest.fixture(scope="module")
def purchases(synthetic_store: MLStore) -> Purchases:
    return load_purchases(synthetic_store, AS_OF)


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


def pad(*lists: list[int]) -> np.ndarray:
    return np.array([listed + [-1] * (K - len(listed)) for listed in lists])


def find_bought_and_new(window: Window, user: int) -> tuple[int, list[int]]:
    """A product that a user bought before the window, and three that they never did."""
    first, end = window.arrays.history_offsets[user : user + 2]
    bought_before = window.arrays.history_products[first:end]
    never = np.setdiff1d(np.arange(len(window.arrays.product_ids)), bought_before)
    return int(bought_before[0]), never[:3].tolist()


def test_lists_by_hand(window: Window) -> None:
    """User 0 buys an old and a new product, user 1 an old one, user 2 is not asked about."""
    (old, (new, other, _)), (old_of_1, (never, *_)) = find_bought_and_new(window, 0), find_bought_and_new(window, 1)
    purchases = bought((0, old), (0, new), (1, old_of_1), (2, never), (-1, other))
    window = replace(window, products=purchases)

    found = evaluate_lists(window, np.array([0, 1]), pad([other, old], [never]), pad([new], [never, other, new]))

    assert found.ndcg == pytest.approx([(1 / np.log2(3)) / (1 + 1 / np.log2(3)), 0])
    assert (found.recall.tolist(), found.hit_rate.tolist()) == ([0.5, 0.0], [1.0, 0.0])
    assert found.discovery_ndcg.tolist() == found.discovery_recall.tolist() == found.discovery_hit_rate.tolist() == [1]
    assert found.num_products == len({other, old, never})
    assert found.num_new_products == len({new, never, other})


def test_a_baselines_discoveries_are_its_deep_list_without_what_was_bought_before(window: Window) -> None:
    old, (new, other, _) = find_bought_and_new(window, 0)
    window = replace(window, products=bought((0, old), (0, new)))

    def rank(_arrays: SnapshotArrays, _users: np.ndarray, k: int) -> np.ndarray:
        return {K: pad([old]), DISCOVERY_DEPTH: pad([old, other, old, new])}[k]

    found = evaluate_baseline(window, np.array([0]), rank)

    assert (found.recall[0], found.num_products) == (0.5, 1)
    assert (found.discovery_ndcg[0], found.num_new_products) == (pytest.approx(1 / np.log2(3)), 2)


def test_each_users_discoveries_keep_the_order_of_the_baselines_list(window: Window) -> None:
    """Users 1 and 4 buy the last product that their lists of new ones have room for."""
    users, deep, last = np.array([1, 4]), [], []
    for user in users:
        first, end = window.arrays.history_offsets[user : user + 2]
        old = window.arrays.history_products[first:end]
        new = np.setdiff1d(np.arange(len(window.arrays.product_ids)), old)[::-1]
        deep.append(np.concatenate([new[:5], old, new[5:]])[:DISCOVERY_DEPTH])
        last.append(int(new[K - 1]))
    window = replace(window, products=bought(*zip(users.tolist(), last, strict=True)))

    def rank(arrays: SnapshotArrays, asked: np.ndarray, k: int) -> np.ndarray:
        assert arrays is window.arrays
        assert asked is users
        return np.stack(deep)[:, :k]

    found = evaluate_baseline(window, users, rank)

    assert found.discovery_ndcg == pytest.approx(1 / np.log2(K + 1))


def test_who_ordered_in_the_eight_weeks_before_is_asked_about_too(window: Window) -> None:
    days = [56, 56.01, np.nan, 1, 400]
    arrays = with_user_column(window.arrays, "user_days_since_order", days + [400] * (len(window.arrays.user_ids) - 5))

    found = add_active_users(replace(window, arrays=arrays, products=bought((4, 0))), np.array([4]))

    assert found.tolist() == [0, 3, 4]


@pytest.mark.parametrize(
    ("days", "ndcg"), [(27.9, 0.0), (28.0, 0.0), (28.1, 1.0), (np.nan, 1.0)], ids=["lately", "edge", "lapsed", "never"]
)
def test_a_category_is_lapsed_after_more_days_than_the_window_has(window: Window, days: float, ndcg: float) -> None:
    values = window.arrays.user_categories.copy()
    values[0, 1, list_names("user_category").index("category_days_since")] = days
    window = replace(window, arrays=replace(window.arrays, user_categories=values), categories=bought((0, 1)))
    best = np.zeros((1, len(window.arrays.category_ids)), dtype=np.float32)
    best[0, 1] = 0.9

    evaluated = evaluate_categories(window, np.array([0]), window.arrays.category_ids, best)

    assert evaluated["category_lapsed_ndcg_at_3"] == ndcg


def test_a_category_that_the_window_does_not_know_is_lapsed_and_never_bought(window: Window) -> None:
    known = window.arrays.category_ids
    scores = np.zeros((1, len(known) + 1), dtype=np.float32)
    scores[0, -1], scores[0, 0] = 0.9, 0.5
    window = replace(window, categories=bought((0, 0)))
    values = np.full_like(window.arrays.user_categories, np.nan)
    window = replace(window, arrays=replace(window.arrays, user_categories=values))

    evaluated = evaluate_categories(window, np.array([0]), np.append(known, known.max() + 1), scores)

    assert evaluated["category_lapsed_ndcg_at_3"] == pytest.approx(1 / np.log2(3))
    assert evaluated["category_map"] == pytest.approx(1 / 2)


def test_a_comparison_is_of_the_same_users_and_a_summary_of_their_means() -> None:
    ours, theirs = np.random.default_rng(3).random((2, 50))
    none = np.empty(0)

    def of(ndcg: np.ndarray) -> Evaluation:
        return Evaluation(ndcg, ndcg / 2, ndcg / 4, none, ndcg / 8, none, 7, 3, {"category_map": 0.5})

    against = compare(of(ours), of(theirs))

    assert against["difference"] == pytest.approx(ours.mean() - theirs.mean())
    assert (against["low"], against["high"]) == bootstrap_interval(ours - theirs)
    assert of(ours).summarise() == {
        "ndcg_at_20": ours.mean(),
        "recall_at_20": (ours / 2).mean(),
        "hit_rate_at_20": (ours / 4).mean(),
        "discovery_ndcg_at_20": 0.0,
        "num_products": 7.0,
        "category_map": 0.5,
    }
    assert of(ours).summarise_discovery() == {
        "ndcg_at_20": 0.0,
        "recall_at_20": (ours / 8).mean(),
        "hit_rate_at_20": 0.0,
        "num_products": 3.0,
    }
    assert tabulate({"ours": of(ours), "theirs": of(theirs)})["name"].to_list() == ["ours", "theirs"]
