"""What goes with a cart: its products' complements, for a known user by what the user is likely to buy.

A product's affinity to the cart is the sum of its weights as a complement of what is in it. A known user's score, the
probability of purchase within the horizon, is multiplied by 1 + CART_WEIGHT * affinity; others have the affinity alone.
"""

from dataclasses import dataclass

import numpy as np

from features.ranking.candidates import pair_up
from features.snapshot.arrays import Float32, Int64, SnapshotArrays, find_rows
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
    complements = _Complements.of(arrays, cart)
    row = NOTHING if user_id is None else int(arrays.find_users(np.array([user_id], dtype=np.int64))[0])
    proposed = complements.list_largest(NUM_COMPLEMENTS)
    if row >= 0:
        proposed = np.union1d(proposed, _list_own(arrays, row))
        _, excluded = arrays.find_excluded(np.array([row]))
        proposed = np.setdiff1d(proposed, excluded, assume_unique=True)
    proposed = np.setdiff1d(proposed[arrays.is_sellable[proposed]], cart, assume_unique=True)
    scores, partners = complements.look_up(proposed)
    if row >= 0 and len(proposed):
        scores = ranker.score_pairs(arrays, pair_up(arrays, row, proposed)) * (1 + CART_WEIGHT * scores)
    best = np.argsort(-scores, kind="stable")[:k]
    rows = proposed[best]
    return Companions(
        product_ids=arrays.product_ids[rows],
        category_ids=arrays.category_ids[arrays.category_rows[rows]],
        scores=scores[best],
        goes_with=[None if each == NOTHING else int(arrays.product_ids[each]) for each in partners[best]],
    )


@dataclass(frozen=True)
class _Complements:
    """The A products that go with some of a cart.

    Attributes:
        rows: int64[A], ascending.
        affinity: float32[A], the sum of each one's weights over the cart, in the cart's order.
        partners: int64[A], the row of the cart that weighs most, the first of several; NOTHING where none weighs.
    """

    rows: Int64
    affinity: Float32
    partners: Int64

    @classmethod
    def of(cls, arrays: SnapshotArrays, cart: Int64) -> "_Complements":
        """Look through the complements of the cart's rows, and no others."""
        matrix = arrays.complements
        cells = [slice(*matrix.indptr[row : row + 2]) for row in cart]
        others = np.concatenate([cart[:0], *(matrix.indices[each] for each in cells)])
        weights = np.concatenate([np.empty(0, np.float32), *(matrix.data[each] for each in cells)])
        owners = np.repeat(cart, [each.stop - each.start for each in cells])
        rows, places = np.unique(others, return_inverse=True)
        affinity, most = np.zeros((2, len(rows)), dtype=np.float32)
        np.add.at(affinity, places, weights)
        np.maximum.at(most, places, weights)
        partners = np.full(len(rows), NOTHING, dtype=np.int64)
        is_most = np.flatnonzero((weights == most[places]) & (weights > 0))[::-1]  # the first is written last
        partners[places[is_most]] = owners[is_most]
        return cls(rows, affinity, partners)

    def list_largest(self, most: int) -> Int64:
        """List the rows that weigh most, of those that weigh anything, falling."""
        best = np.argsort(-self.affinity, kind="stable")[:most]
        return self.rows[best[self.affinity[best] != 0]]

    def look_up(self, rows: Int64) -> tuple[Float32, Int64]:
        """Return the affinity of rows, 0 for others than these, and their partners."""
        places = find_rows(self.rows, rows)
        is_there = places >= 0
        affinity, partners = np.zeros(len(rows), dtype=np.float32), np.full(len(rows), NOTHING, dtype=np.int64)
        affinity[is_there], partners[is_there] = self.affinity[places[is_there]], self.partners[places[is_there]]
        return affinity, partners


def _list_own(arrays: SnapshotArrays, row: int) -> Int64:
    """List the strongest of the user's own purchases, by decayed count."""
    start, end = arrays.history_offsets[row : row + 2]
    order = np.argsort(-arrays.history_decayed[start:end], kind="stable")[:NUM_OWN]
    return arrays.history_products[start:end][order]
