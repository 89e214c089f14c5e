"""Ranking again: a user's list by the snapshot and the orders since, of what was listed and what goes with these."""

from collections.abc import Sequence

import numpy as np

from features.ranking.candidates import pair_up
from features.ranking.sorting import find_best
from features.snapshot.arrays import Float32, Int64, SnapshotArrays, find_rows
from features.snapshot.ordered_lines import OrderedLine
from features.snapshot.orders_since import add_orders
from features.snapshot.rankable import RankableSnapshot
from training.ranking.lists import RankedLists
from training.ranking.ranker import Ranker
from training.ranking.reasons import score_and_cite

NUM_LINKED = 30
"""Products that go with what was ordered since, by complements and by EASE each, that are looked at beside the list."""

NUM_DRAWN = 100
"""Products of a list that is drawn afresh."""

UNCHANGED = ""
"""The reason of a product for which the list's own reason holds on."""

THE_USER = np.zeros(1, dtype=np.int64)


def rank_again(
    ranker: Ranker, snapshot: RankableSnapshot, user_id: int, lines: Sequence[OrderedLine], listed: Int64
) -> RankedLists:
    """Rank for one user as if the orders since the snapshot lay just before it.

    Args:
        ranker: the version.
        snapshot: features as of an instant.
        user_id: the user, known to the snapshot or not.
        lines: of the user's orders; those that the snapshot knows are left out.
        listed: int64, the products of the user's list, for which reasons are known; without any, candidates are drawn
            as for a list.

    Returns:
        The list; reason is UNCHANGED for what is on the list and was not bought. Nothing where the snapshot has no
        totals.

    Raises:
        ArtefactError: the snapshot was made by other feature definitions.
    """
    ranker.check_snapshot(snapshot)
    if snapshot.arrays.totals is None:
        return RankedLists.join([])
    since = [line for line in lines if line.ordered_at >= snapshot.as_of]
    arrays = add_orders(snapshot.arrays, user_id, since)
    if len(listed) == 0:
        return ranker.rank_rows(arrays, THE_USER, NUM_DRAWN)
    on_list = arrays.find_products(np.unique(listed))
    on_list = on_list[on_list >= 0]
    ordered = arrays.find_products(np.unique(np.array([line.product_id for line in since], dtype=np.int64)))
    proposed = np.union1d(on_list, _list_linked(arrays, ordered[ordered >= 0]))
    _, excluded = arrays.find_excluded(THE_USER)
    proposed = np.setdiff1d(proposed[arrays.is_sellable[proposed]], excluded, assume_unique=True)
    pairs = pair_up(arrays, 0, proposed)
    is_cited = (pairs.history_rows >= 0) | (find_rows(on_list, proposed) < 0)
    scores, reasons = score_and_cite(pairs, is_cited, ranker.make_scorer(arrays, THE_USER))
    reasons[~is_cited] = UNCHANGED
    best = np.argsort(-scores, kind="stable")
    return RankedLists.lay_out(arrays, pairs.take(best), np.arange(len(best)), scores[best], reasons[best])


def _list_linked(arrays: SnapshotArrays, ordered: Int64) -> Int64:
    """List what goes with some products best, by the sum of their weights."""
    cells = [slice(*arrays.complements.indptr[row : row + 2]) for row in ordered]
    others = np.concatenate([ordered[:0], *(arrays.complements.indices[each] for each in cells)])
    weights = np.concatenate([np.empty(0, np.float32), *(arrays.complements.data[each] for each in cells)])
    complements, places = np.unique(others, return_inverse=True)
    codes = arrays.linking_codes[ordered]
    links = arrays.link_weights[codes[codes >= 0], :-1].sum(axis=0, dtype=np.float64).astype(np.float32)
    return np.concatenate(
        [
            _take_largest(complements, np.bincount(places, weights, len(complements)).astype(np.float32)),
            _take_largest(arrays.linked_products, links),
        ]
    )


def _take_largest(products: Int64, weights: Float32) -> Int64:
    """Take the NUM_LINKED products that weigh most, of those that weigh anything."""
    best = find_best(weights[None], min(NUM_LINKED, len(products)))[0]
    return products[best[weights[best] > 0]]
