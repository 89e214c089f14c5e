"""A list that is ranked again says what a rebuild with the orders would."""

import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from features.ranking.candidates import draw_candidates
from features.snapshot.ordered_lines import OrderedLine
from features.snapshot.orders_since import add_orders
from features.snapshot.tables import Snapshot
from training.ranking.again import NUM_DRAWN, UNCHANGED, rank_again
from training.ranking.ranker import Ranker

USER = 1
NOBODY = 999_999
LENGTH, LEAST_NEW = 30, 10


@pytest.fixture(scope="module")
def listed(ranker: Ranker, snapshot: Snapshot) -> np.ndarray:
    """The user's list, best first."""
    ranked = ranker.rank(snapshot, np.array([USER]), LENGTH, least_new=LEAST_NEW)
    return ranked["product_id"].to_numpy()


def order(snapshot: Snapshot, *products: int, hours: float = 1) -> list[OrderedLine]:
    at = snapshot.as_of + timedelta(hours=hours)
    return [OrderedLine(90_001, int(product), 1, 3.0, 0.0, at) for product in products]


def never_bought(snapshot: Snapshot) -> list[int]:
    arrays = snapshot.arrays
    start, end = arrays.history_offsets[USER - 1 : USER + 1]
    rows = np.setdiff1d(arrays.best_sellers, arrays.history_products[start:end], assume_unique=True)
    return arrays.product_ids[rows].tolist()


def test_without_an_order_the_list_stays_as_it_was(ranker: Ranker, snapshot: Snapshot, listed: np.ndarray) -> None:
    ranked = rank_again(ranker, snapshot, USER, [], listed).to_frame()

    before = ranker.rank(snapshot, np.array([USER]), LENGTH, least_new=LEAST_NEW)
    assert ranked["product_id"].to_list() == before["product_id"].to_list()
    np.testing.assert_allclose(ranked["score"], before["score"], rtol=0, atol=1e-6)


def test_scores_are_those_of_the_ranker_on_the_users_new_rows(
    ranker: Ranker, snapshot: Snapshot, listed: np.ndarray
) -> None:
    lines = order(snapshot, *listed[:2], never_bought(snapshot)[0])
    arrays = add_orders(snapshot.arrays, USER, lines)

    ranked = rank_again(ranker, snapshot, USER, lines, listed).to_frame()

    drawn = draw_candidates(arrays, np.array([0]), 200)
    products = arrays.product_ids[drawn.product_rows].tolist()
    scores = dict(zip(products, ranker.score_pairs(arrays, drawn), strict=True))
    both = [row for row in ranked.iter_rows(named=True) if row["product_id"] in scores]
    assert len(both) > len(listed) / 2
    np.testing.assert_allclose([row["score"] for row in both], [scores[row["product_id"]] for row in both], atol=1e-6)
    assert ranked["score"].is_sorted(descending=True)
    assert ranked["rank"].to_list() == list(range(1, ranked.height + 1))


def test_an_order_brings_what_goes_with_it_and_says_what_was_bought(
    ranker: Ranker, snapshot: Snapshot, listed: np.ndarray
) -> None:
    arrays = snapshot.arrays
    weights = np.asarray(arrays.complements.sum(axis=1)).ravel()
    linked = arrays.product_ids[int(np.argmax(weights))]
    start, end = arrays.complements.indptr[np.argmax(weights) : np.argmax(weights) + 2]
    partners = arrays.product_ids[arrays.complements.indices[start:end]]
    new_on_list = next(each for each in listed.tolist() if each in never_bought(snapshot))

    ranked = rank_again(ranker, snapshot, USER, order(snapshot, linked, new_on_list), listed).to_frame()

    reasons = dict(ranked.select("product_id", "reason").rows())
    assert set(reasons) > set(listed.tolist())
    assert set(reasons) & set(partners.tolist()) - set(listed.tolist())
    assert reasons[new_on_list] == "bought_before"
    on_list = {reasons[each] for each in listed.tolist()}
    assert on_list == {UNCHANGED, "bought_before"}
    assert UNCHANGED not in {reason for product, reason in reasons.items() if product not in listed}


def test_orders_that_the_snapshot_knows_count_once(ranker: Ranker, snapshot: Snapshot, listed: np.ndarray) -> None:
    known = order(snapshot, never_bought(snapshot)[0], hours=-1)

    ranked, without = (rank_again(ranker, snapshot, USER, lines, listed).to_frame() for lines in (known, []))
    assert ranked.equals(without)


def test_a_new_shopper_has_a_list_by_the_first_order(ranker: Ranker, snapshot: Snapshot) -> None:
    nothing = np.empty(0, dtype=np.int64)
    first, second = never_bought(snapshot)[:2]

    ranked = rank_again(ranker, snapshot, NOBODY, order(snapshot, first), nothing).to_frame()
    other = rank_again(ranker, snapshot, NOBODY, order(snapshot, second), nothing).to_frame()

    assert 0 < ranked.height <= NUM_DRAWN
    assert ranked["user_id"].unique().to_list() == [NOBODY]
    assert ranked["product_id"].to_list() != other["product_id"].to_list()
    assert dict(ranked.select("product_id", "reason").rows())[first] == "bought_before"


def test_what_is_refused_or_sold_out_stays_off(ranker: Ranker, snapshot: Snapshot, listed: np.ndarray) -> None:
    arrays = snapshot.arrays
    refused, sold_out = arrays.find_products(listed[:2]).tolist()
    row = int(arrays.find_users(np.array([USER]))[0])
    changed = dataclasses.replace(snapshot)
    is_sellable = arrays.is_sellable.copy()
    is_sellable[sold_out] = False
    exclusions = np.array([[row, refused, -1]])
    vars(changed)["arrays"] = dataclasses.replace(arrays, is_sellable=is_sellable, exclusions=exclusions)

    ranked = rank_again(ranker, changed, USER, order(snapshot, listed[5]), listed).to_frame()

    assert set(listed[:2].tolist()).isdisjoint(ranked["product_id"])


def test_a_snapshot_without_totals_ranks_nothing_again(ranker: Ranker, snapshot: Snapshot, listed: np.ndarray) -> None:
    older = dataclasses.replace(snapshot)
    vars(older)["arrays"] = dataclasses.replace(snapshot.arrays, totals=None)

    assert rank_again(ranker, older, USER, order(snapshot, listed[0]), listed).to_frame().is_empty()
