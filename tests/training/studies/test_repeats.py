"""The curve of repeats against discovery on the small shop, and each shopper's share of repeats by hand."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF
from training.data.windows import open_window
from training.evaluation.lists import K
from training.fit import Fitted
from training.ranking.ranker import Ranker
from training.studies.repeats import (
    MOST_REPEATS,
    SHRINKAGE,
    WEIGHTS,
    Curve,
    estimate_shares,
    measure_curve,
    write_curve,
)

HORIZON_DAYS = 28
CUT = AS_OF - timedelta(days=HORIZON_DAYS)


@pytest.fixture(scope="module")
def purchases(synthetic_store: MLStore) -> Purchases:
    return load_purchases(synthetic_store, AS_OF)


@pytest.fixture(scope="module")
def curve(fitted: Fitted, purchases: Purchases) -> Curve:
    window = open_window(purchases, CUT, HORIZON_DAYS)
    return measure_curve(window, purchases.before(CUT), Ranker.load(fitted.folder, is_holdout=True))


def test_the_fewer_repeats_the_more_pages_show_something_new(curve: Curve) -> None:
    shown = [curve.fixed[number].has_new.mean() for number in MOST_REPEATS]
    repeats = [curve.fixed[number].num_repeats.mean() for number in MOST_REPEATS]

    assert shown == sorted(shown)
    assert repeats == sorted(repeats, reverse=True)
    assert all(curve.fixed[number].num_repeats.max() <= number for number in MOST_REPEATS)


def test_ways_are_compared_where_they_find_as_much(curve: Curve) -> None:
    for number, ways in curve.matched.items():
        for judged in ways.values():
            assert judged.new_hits.mean() == pytest.approx(curve.fixed[number].new_hits.mean(), abs=0.05)


def test_the_tables_have_a_row_for_each_rule_with_intervals(curve: Curve) -> None:
    page = "\n".join(write_curve(curve))

    for number in MOST_REPEATS:
        assert page.count(f"\n| {number} of {K} |") == 1
    for weight in WEIGHTS:
        assert page.count(f"new ones count {weight:g} times |") == 1
    assert page.count("[") == 2 * (len(MOST_REPEATS) + len(WEIGHTS)) + 3 * len(curve.matched)


def test_a_share_is_that_of_the_last_days_drawn_towards_everybodys(purchases: Purchases) -> None:
    past = purchases.before(CUT)
    start = CUT - timedelta(days=HORIZON_DAYS)
    counts = {}
    for (user,), lines in past.lines.group_by("user_id"):
        known = set(lines.filter(pl.col("ordered_at") < start)["product_id"])
        bought = set(lines.filter(pl.col("ordered_at") >= start)["product_id"])
        counts[user] = (len(bought & known), len(bought))
    usual = sum(again for again, _ in counts.values()) / sum(number for _, number in counts.values())

    user_ids = np.array([*counts, -5])
    shares = estimate_shares(past, HORIZON_DAYS, user_ids)

    expected = [(again + SHRINKAGE * usual) / (number + SHRINKAGE) for again, number in counts.values()]
    assert shares == pytest.approx([*expected, usual])
