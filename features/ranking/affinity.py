"""User affinities to products, types and brands, computed for a few users at a time."""

import numpy as np
import scipy.sparse

from features.definitions import ALIKE_FLOOR, window_days
from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from features.snapshot.item_neighbours import HALF_LIFE_DAYS, weigh_purchases
from features.snapshot.user_embeddings import AUDIENCE_HALF_LIFE_DAYS, embed_users

# Half-life of a purchase where only recent ones count for what goes with them.
LATELY_HALF_LIFE_DAYS = window_days("pair_together_28d")
# Buyers without likeness that the mean likeness to a product's recent buyers starts from.
ALIKE_PRIOR = 2.0


class Affinity:
    """Of U' users, dense.

    Attributes:
        user_rows: int64[U'], rows of the users in the snapshot.
        bought: sparse float32[U', N], decayed purchases.
        together: float32[U', L + 1], EASE score of the linked products (`SnapshotArrays.linked_codes`), 0 of others.
        together_lately: float32[U', L + 1], the same from what the user bought lately.
        types: float32[U', types]; decayed purchases of each.
        brands: float32[U', brands]; likewise.
        totals: float32[U'], decayed purchases of all products.
        user_embeddings: float32[U', EMBEDDING_SIZE].
        type_ages: float32[U', types], days since the last purchase, NaN = never.
        type_brands: float32[U', pairs of type and brand]; decayed purchases of each.
        type_log_prices: float32[U', types], mean logarithm of the prices of what the user buys of it, NaN = none known.
        type_products: float32[U', types], distinct products bought. type_orders: float32[U', types], times bought.
    """

    user_rows: Int64
    bought: scipy.sparse.csr_matrix
    together: Float32
    together_lately: Float32
    types: Float32
    brands: Float32
    totals: Float32
    user_embeddings: Float32
    type_ages: Float32
    type_brands: Float32
    type_log_prices: Float32
    type_products: Float32
    type_orders: Float32

    def __init__(self, arrays: SnapshotArrays, user_rows: Int64):
        """Measure the users.

        Args:
            arrays: the snapshot.
            user_rows: int64[U'], ascending; some hundreds at a time.
        """
        self._arrays = arrays
        self.user_rows = user_rows
        self.bought = arrays.purchases[user_rows]
        freshness = arrays.freshness[user_rows]
        self.together = (freshness @ arrays.linked_neighbours).toarray()
        lately = freshness.power(HALF_LIFE_DAYS / LATELY_HALF_LIFE_DAYS)
        self.together_lately = (lately @ arrays.linked_neighbours).toarray()
        users, rows = list_history(arrays, user_rows)
        self._users, self._products, self._rows = users, arrays.history_products[rows], rows
        decayed = arrays.history_decayed[rows]
        self.types = self._sum_by(arrays.type_codes, decayed)
        self.brands = self._sum_by(arrays.brand_codes, decayed)
        self.type_brands = self._sum_by(arrays.type_brand_codes, decayed)
        self.type_log_prices = self._average_prices(decayed)
        self.totals = self.types.sum(axis=1)
        self.user_embeddings = embed_users(freshness, arrays.item_directions)
        self.type_ages = self._find_ages()
        self.type_products = self._sum_by(arrays.type_codes, np.ones_like(decayed))
        self.type_orders = self._sum_by(arrays.type_codes, arrays.history_column("pair_orders")[rows])

    def _sum_by(self, codes: Int64, values: Float32) -> Float32:
        """Sum a value of each purchase by the code of its product, int64[N]; float32[U', codes]."""
        sums = np.zeros((len(self.user_rows), int(codes.max(initial=0)) + 1), dtype=np.float32)
        np.add.at(sums, (self._users, codes[self._products]), values)
        return sums

    def _average_prices(self, weights: Float32) -> Float32:
        prices = self._arrays.log_prices[self._products]
        sums = self._sum_by(self._arrays.type_codes, weights * np.nan_to_num(prices, nan=0.0))
        weights = self._sum_by(self._arrays.type_codes, weights * np.isfinite(prices))
        return np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)

    def _find_ages(self) -> Float32:
        """Say when each user last bought of each type, in days, NaN = never."""
        ages = np.full(self.types.shape, np.inf, dtype=np.float32)
        cells = self._users, self._arrays.type_codes[self._products]
        np.minimum.at(ages, cells, self._arrays.history_column("pair_days_since")[self._rows])
        return np.where(np.isinf(ages), np.float32(np.nan), ages)

    def score_alike(self, products: Int64) -> Float32:
        """Score all users against some products by their recent buyers; float32[U', len(products)], in logarithms.

        Summed one by one: a matrix product would round by how many users are scored at once.
        """
        likeness = np.einsum("ut,pt->up", self.user_embeddings, self._arrays.audiences[products])
        return np.asarray(np.log(np.maximum(likeness, 0.0) + ALIKE_FLOOR), dtype=np.float32)

    def measure_alike(self, users: Int64, products: Int64, history: Int64) -> tuple[Float32, Float32]:
        """Measure pairs by the other recent buyers of the product.

        Args:
            users: int64[P], positions among these users.
            products: int64[P], rows of products.
            history: int64[P], rows of the pairs in the history, -1 = never bought.

        Returns:
            float32[P] the summed likeness, in logarithms; float32[P] its mean over the buyers.
        """
        bought = history >= 0
        own = np.zeros(len(users), dtype=np.float32)
        ages = self._arrays.history_column("pair_days_since")[history[bought]]
        own[bought] = weigh_purchases(ages, AUDIENCE_HALF_LIFE_DAYS)
        norms = np.einsum("ut,ut->u", self.user_embeddings, self.user_embeddings)
        likeness = np.einsum("pt,pt->p", self.user_embeddings[users], self._arrays.audiences[products])
        likeness -= own * norms[users]
        summed = np.log(np.maximum(likeness, 0.0) + ALIKE_FLOOR)
        mean = likeness / (np.maximum(self._arrays.audience_sizes[products] - own, 0.0) + ALIKE_PRIOR)
        return summed.astype(np.float32), mean.astype(np.float32)


def list_history(arrays: SnapshotArrays, user_rows: Int64) -> tuple[Int64, Int64]:
    """Return (position in user_rows, history row) of all that some users bought."""
    starts, ends = arrays.history_offsets[user_rows], arrays.history_offsets[user_rows + 1]
    counts = ends - starts
    users = np.repeat(np.arange(len(user_rows)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(starts, counts)
    return users, rows
