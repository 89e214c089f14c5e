"""Retrieval score: how much a user is likely to want each best seller, by three logarithms that are added.

What goes together with the user's purchases (EASE), who bought it lately (features/snapshot/user_embeddings.py), and
what the user would pick by type: the user's mix of product types, smoothed by the shop's, times the product's share of
its type's sales.
"""

import numpy as np

from features.definitions import TOGETHER_FLOOR
from features.ranking.affinity import Affinity
from features.snapshot.arrays import Float32, Int64, SnapshotArrays

NUM_BEST_SELLERS = 8_000
# Sources that enter whatever their score: the week's best sellers, and the best sellers first sold within 28 days.
NUM_TRENDING = 50
NUM_NEW = 50
# Weight of the type's score, the shop's share in the mix of types.
TYPE_WEIGHT = 0.5
TYPE_SMOOTHING = 0.1


class BestSellers:
    """The B products that are retrieved among, and what is the same for all users: made once a snapshot.

    Attributes:
        rows: int64[B], rows of products, most popular first.
        places: int64[N], the position of each product among them, -1 for others.
        fresh: positions of what trends this week and of the best sellers among the new, ascending.
        type_codes, linked_codes: int64[B], as `SnapshotArrays` has them.
        audiences: float32[B, EMBEDDING_SIZE].
        smoothed: float32[B], the shop's part in the mix of types, of the product's type.
        within_type: float32[B], the product's share of its type's sales.
    """

    rows: Int64
    places: Int64
    fresh: Int64
    type_codes: Int64
    linked_codes: Int64
    audiences: Float32
    smoothed: Float32
    within_type: Float32

    def __init__(self, arrays: SnapshotArrays):
        self.rows = arrays.best_sellers[:NUM_BEST_SELLERS]
        self.places = np.full(len(arrays.product_ids), -1, dtype=np.int64)
        self.places[self.rows] = np.arange(len(self.rows))
        self.fresh = self._pick_fresh(arrays)
        self.type_codes, self.linked_codes = arrays.type_codes[self.rows], arrays.linked_codes[self.rows]
        self.audiences = arrays.audiences[self.rows]
        popularity = arrays.popularity[self.rows]
        type_sales = np.bincount(self.type_codes, weights=popularity, minlength=arrays.num_types)
        mix = (type_sales / max(type_sales.sum(), 1e-9)).astype(np.float32)
        self.smoothed = TYPE_SMOOTHING * mix[self.type_codes]
        self.within_type = (popularity / np.maximum(type_sales[self.type_codes], 1e-9)).astype(np.float32)

    def _pick_fresh(self, arrays: SnapshotArrays) -> Int64:
        lately = arrays.product_column("product_orders_7d")[self.rows]
        is_new = arrays.product_column("product_age_days")[self.rows] < 28
        trending = np.argsort(-lately, kind="stable")[:NUM_TRENDING]
        return np.union1d(trending, np.flatnonzero(is_new)[:NUM_NEW])

    def score(self, affinity: Affinity, some: slice) -> Float32:
        """Score all best sellers for some of the users, float32[users, B]."""
        together = np.log(np.maximum(affinity.together[some], 0) + TOGETHER_FLOOR)
        totals = np.maximum(affinity.totals[some], 1e-9)[:, None]
        shares = (1 - TYPE_SMOOTHING) * (affinity.types[some] / totals)
        by_type = shares.take(self.type_codes, axis=1)
        by_type += self.smoothed
        by_type *= self.within_type
        by_type += 1e-12
        np.log(by_type, out=by_type)
        by_type *= TYPE_WEIGHT
        scores: Float32 = together.take(self.linked_codes, axis=1)
        scores += by_type
        scores += affinity.score_alike(self.audiences, some)
        return scores


def list_fresh_products(arrays: SnapshotArrays) -> Int64:
    """Return product rows that enter whatever their score: what trends this week and best sellers among the new."""
    best_sellers = arrays.once(BestSellers)
    fresh: Int64 = best_sellers.rows[best_sellers.fresh]
    return fresh
