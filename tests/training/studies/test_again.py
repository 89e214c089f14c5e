"""Pages after an order on the small shop, and what is due again by hand."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from tests.features.purchase_rows import AS_OF as END
from tests.features.purchase_rows import make_purchases
from tests.support.synthetic import AS_OF
from training.fit import Fitted
from training.ranking.ranker import Ranker
from training.studies.again import (
    AGAIN,
    AGAIN_NOT_DUE,
    AS_IT_WAS,
    COMPARED,
    HOLDOUT_DAYS,
    NEXT_DAY,
    NOT_DUE,
    Measured,
    list_not_due,
    measure,
    rank_ways,
    write_table,
)

START = AS_OF - timedelta(days=HOLDOUT_DAYS)


@pytest.fixture(scope="module")
def purchases(synthetic_store: MLStore) -> Purchases:
    return load_purchases(synthetic_store, AS_OF)


@pytest.fixture(scope="module")
def ranker(fitted: Fitted) -> Ranker:
    return Ranker.load(fitted.folder, is_holdout=True)


@pytest.fixture(scope="module")
def measured(purchases: Purchases, ranker: Ranker) -> list[Measured]:
    return measure(purchases, ranker, START)


def test_all_ways_have_the_same_pages_and_the_table_a_row_for_each(measured: list[Measured]) -> None:
    for each in measured:
        assert len({len(each.column(way, "ndcg")) for way in COMPARED}) == 1
        table = "\n".join(write_table(each))
        assert all(f"| {way} |" in table for way in COMPARED)
        assert table.count("[") == 3


def test_who_ordered_has_a_list_of_each_way_and_what_is_not_due_is_on_none_that_leaves_it_out(
    purchases: Purchases, ranker: Ranker
) -> None:
    _, user_ids, frames = rank_ways(ranker, purchases, START)

    day = purchases.before(START + timedelta(days=1))
    ordered = day.lines.filter(pl.col("ordered_at") >= START)["user_id"].unique()
    assert set(user_ids.tolist()) <= set(ordered)
    assert len(user_ids) > 0
    waiting = list_not_due(day, START)
    for way, frame in frames.items():
        assert set(frame["user_id"]) == set(user_ids.tolist())
        if way in (NOT_DUE, AGAIN_NOT_DUE, NEXT_DAY):
            assert frame.join(waiting, on=["user_id", "product_id"]).is_empty()
    assert not frames[AGAIN].select("user_id", "product_id").equals(frames[AS_IT_WAS].select("user_id", "product_id"))
    assert np.isfinite(frames[AGAIN]["score"].to_numpy()).all()


def test_a_purchase_is_not_due_before_half_of_its_interval() -> None:
    once, often, seldom, earlier = (1, 1, 0.6), (2, 1, 0.6), (3, 1, 0.6), (4, 1, 5.0)
    day = make_purchases([once, often, (2, 1, 1.6), seldom, (3, 1, 20.6), earlier])

    waiting = list_not_due(day, END - timedelta(days=1))

    assert sorted(waiting.rows()) == [(1, 1), (3, 1)]
