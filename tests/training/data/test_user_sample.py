"""Who is sampled: buyers first, who stayed away alike, and each lapsed user for several."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from tests.features.purchase_rows import AS_OF
from training.data.user_sample import ACTIVE_DAYS, OrderIndex, draw_places

START, END = AS_OF - timedelta(days=28), AS_OF
BUYERS, ACTIVE, LAPSED, NEWCOMERS = range(1000), range(1000, 3000), range(3000, 6000), range(6000, 6100)


def make_index(ages: Mapping[range, list[float]], seed: int = 31) -> OrderIndex:
    """Orders of groups of users, each with the same ages in days."""
    rows = [(user, AS_OF - timedelta(days=age)) for users, each in ages.items() for user in users for age in each]
    orders = pl.DataFrame(rows, schema={"user_id": pl.Int64, "ordered_at": pl.Datetime("us", "UTC")}, orient="row")
    return OrderIndex(orders.with_columns(place=draw_places(pl.col("user_id"), seed)), AS_OF - timedelta(days=300))


@pytest.fixture(scope="module")
def index() -> OrderIndex:
    lapsed = 28 + ACTIVE_DAYS + 1.0
    return make_index({BUYERS: [40.0, 10.0], ACTIVE: [40.0], LAPSED: [lapsed], NEWCOMERS: [5.0]})


def count(ids: np.ndarray, group: range) -> int:
    return int(((ids >= group.start) & (ids < group.stop)).sum())


def test_everybody_known_before_the_window_is_taken_where_few_bought(index: OrderIndex) -> None:
    sample = index.sample(START, END, most_buyers=5000)

    assert sample.user_ids.tolist() == [*BUYERS, *ACTIVE, *LAPSED]
    assert (sample.stands_for == 1).all()


def test_buyers_and_active_users_are_sampled_alike_and_lapsed_ones_stand_for_those_left_out(index: OrderIndex) -> None:
    sample = index.sample(START, END, most_buyers=400)
    ids, lapsed = sample.user_ids, sample.user_ids >= LAPSED.start

    assert (np.diff(ids) > 0).all()
    assert count(ids, BUYERS) == 400
    assert count(ids, ACTIVE) == pytest.approx(800, abs=80)
    assert count(ids, LAPSED) == 400
    assert (sample.stands_for[~lapsed] == 1).all()
    assert sample.stands_for[lapsed].sum() == pytest.approx(1200, abs=120)


def test_another_seed_takes_others_and_the_same_takes_the_same(index: OrderIndex) -> None:
    first, again = (index.sample(START, END, most_buyers=100).user_ids.tolist() for _ in range(2))
    other = make_index({BUYERS: [40.0, 10.0]}, seed=32).sample(START, END, most_buyers=100).user_ids.tolist()

    assert first == again
    assert first[:50] != other[:50]


def test_places_are_those_of_splitmix() -> None:
    """The first number that SplitMix64 draws from the state 0, as its authors publish it."""
    [place] = pl.select(draw_places(pl.lit(0, pl.Int64), seed=0)).to_series().to_list()

    assert place == 0xE220A8397B1DCDAF
