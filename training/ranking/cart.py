"""What goes with a cart: its products' complements, for a known user by what the user is likely to buy.

A product's affinity to the cart is the sum of its weights as a complement of what is in it. A known user's score, the
probability of purchase within the horizon, is multiplied by 1 + CART_WEIGHT * affinity; others have the affinity alone.
"""

from dataclasses import dataclass

import numpy as np

from features.ranking.candidates import pair_up
from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from features.snapshot.rankable import RankableSnapshot
from training.ranking.ranker import Ranker

CART_WEIGHT = 2.0
NUM_OWN = 150
"""Of the user's own purchases, the strongest are looked at beside the complements."""

NUM_COMPLEMENTS = 300
NOTHING = -1


@dataclass(frozen=True)
class Companions:
    """P products that go with a cart, best first.

    Attributes:
        product_ids, category_ids: int64[P].
        scores: float32[P].
        goes_with: the product of the cart that says so most, P ids, `None` where none does.
    """

    product_ids: Int64
    category_ids: Int64
    scores: Float32
    goes_with: list[int | None]


def rank_cart(
    ranker: Ranker, snapshot: RankableSnapshot, user_id: int | None, product_ids: Int64, k: int
) -> Companions:
    """Rank what goes with a cart.

    Args:
        ranker: the version, for a user whom the snapshot knows.
        snapshot: features as of an instant.
        user_id: whose cart it is; `None` when logged out.
        product_ids: int64, what is in it; unknown ones say nothing.
        k: most products.

    Returns:
        Nothing of the cart, and nothing that cannot be sold as of the instant.

    Raises:
        ArtefactError: the snapshot was made by other feature definitions.
    """
    ranker.check_snapshot(snapshot)
    arrays = snapshot.arrays
    cart = np.unique(arrays.find_products(product_ids))
    cart = cart[cart >= 0]
    affinity, partner = _measure_affinity(arrays, cart)
    row = NOTHING if user_id is None else int(arrays.find_users(np.array([user_id], dtype=np.int64))[0])
    proposed = _list_largest(affinity, NUM_COMPLEMENTS)
    if row >= 0:
        proposed = np.union1d(proposed, _list_own(arrays, row))
        excluded = arrays.find_excluded(np.array([row]))
        proposed = np.setdiff1d(proposed, excluded.indices[excluded.data])
    proposed = np.setdiff1d(proposed[arrays.is_sellable[proposed]], cart)
    scores = affinity[proposed]
    if row >= 0 and len(proposed):
        scores = ranker.score_pairs(arrays, pair_up(arrays, row, proposed)) * (1 + CART_WEIGHT * scores)
    best = np.argsort(-scores, kind="stable")[:k]
    rows = proposed[best]
    return Companions(
        product_ids=arrays.product_ids[rows],
        category_ids=arrays.category_ids[arrays.category_rows[rows]],
        scores=scores[best],
        goes_with=[None if each == NOTHING else int(arrays.product_ids[each]) for each in partner[rows]],
    )


def _measure_affinity(arrays: SnapshotArrays, cart: Int64) -> tuple[Float32, Int64]:
    """Sum each product's weights over the cart; gives float32[N], and int64[N] the row that weighs most."""
    affinity = np.zeros(len(arrays.product_ids), dtype=np.float32)
    most, partner = np.zeros_like(affinity), np.full(len(affinity), NOTHING, dtype=np.int64)
    for row in cart:
        start, end = arrays.complements.indptr[row : row + 2]
        others, weights = arrays.complements.indices[start:end], arrays.complements.data[start:end]
        affinity[others] += weights
        is_more = weights > most[others]
        most[others[is_more]] = weights[is_more]
        partner[others[is_more]] = row
    return affinity, partner


def _list_largest(affinity: Float32, most: int) -> Int64:
    rows = np.flatnonzero(affinity)
    return rows[np.argsort(-affinity[rows], kind="stable")[:most]]


def _list_own(arrays: SnapshotArrays, row: int) -> Int64:
    """List the strongest of the user's own purchases, by decayed count."""
    start, end = arrays.history_offsets[row : row + 2]
    order = np.argsort(-arrays.history_decayed[start:end], kind="stable")[:NUM_OWN]
    return arrays.history_products[start:end][order]
