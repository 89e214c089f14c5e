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
# Pairs whose embeddings lie side by side at once: they fit a core's own cache.
PAIRS_AT_ONCE = 2048
EVERYBODY = slice(None)


class Affinity:
    """Of U' users, dense.

    Attributes:
        user_rows: int64[U'], rows of the users in the snapshot.
        history_users, history_rows: int64[H'], what they bought: positions among them, and rows of the history.
        together: float32[U', columns], EASE score of products, in the columns that `find_columns` says.
        together_lately: float32[U', columns], the same from what the user bought lately.
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
    history_users: Int64
    history_rows: Int64
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

    def __init__(self, arrays: SnapshotArrays, user_rows: Int64, products: Int64 | None = None):
        """Measure the users.

        Args:
            arrays: the snapshot.
            user_rows: int64[U'], ascending; some hundreds at a time.
            products: int64, ascending rows of the few products whose EASE scores will be asked for, which are summed
                alone; without, those of all products are.
        """
        self._arrays, self._asked = arrays, products
        self.user_rows = user_rows
        self.history_users, self.history_rows = list_history(arrays, user_rows)
        self._products = arrays.history_products[self.history_rows]
        freshness = weigh_purchases(arrays.history_column("pair_days_since")[self.history_rows])
        self.together, self.together_lately = self._sum_links(freshness)
        decayed = arrays.history_decayed[self.history_rows]
        of_type = self._find_cells(arrays.type_codes, arrays.num_types)
        self.types = self._sum_by(of_type, arrays.num_types, decayed)
        self.brands = self._sum_by(self._find_cells(arrays.brand_codes, arrays.num_brands), arrays.num_brands, decayed)
        of_both = self._find_cells(arrays.type_brand_codes, arrays.num_type_brands)
        self.type_brands = self._sum_by(of_both, arrays.num_type_brands, decayed)
        self.type_log_prices = self._average_prices(of_type, decayed)
        self.totals = self.types.sum(axis=1)
        self.user_embeddings = embed_users(self._lay_out(freshness), arrays.item_directions)
        self.type_ages = self._find_ages(of_type)
        self.type_products = self._sum_by(of_type, arrays.num_types, np.ones_like(decayed))
        orders = arrays.history_column("pair_orders")[self.history_rows]
        self.type_orders = self._sum_by(of_type, arrays.num_types, orders)

    def _lay_out(self, weights: Float32) -> scipy.sparse.csr_matrix:
        """Lay a weight of each purchase out as sparse float32[U', N]."""
        offsets = np.searchsorted(self.history_users, np.arange(len(self.user_rows) + 1))
        return _lay_out_rows(weights, self._products, offsets, len(self._arrays.product_ids))

    def _sum_links(self, freshness: Float32) -> tuple[Float32, Float32]:
        """Sum the neighbours of what was bought, weighed by its freshness, and by that of recent purchases alone.

        A user's two sums follow each other: the second finds the links in a core's own cache.
        """
        links = self._arrays.link_weights
        codes = self._arrays.linking_codes[self._products]
        has_links = codes >= 0
        weights = freshness[has_links]
        lately = weights ** np.float32(HALF_LIFE_DAYS / LATELY_HALF_LIFE_DAYS)
        bought, users = codes[has_links], self.history_users[has_links]
        if self._asked is not None:
            cells = bought[:, None] * links.shape[1] + self._arrays.linked_codes[self._asked]
            links, bought = links.ravel().take(cells), np.arange(len(bought))  # a row a purchase
        counts = np.bincount(users, minlength=len(self.user_rows))
        offsets = np.zeros(2 * len(counts) + 1, dtype=np.int64)
        np.cumsum(np.repeat(counts, 2), out=offsets[1:])
        first = np.arange(len(bought)) + offsets[:-1:2][users] // 2
        second = first + counts[users]
        both_weights, both_codes = np.empty(2 * len(bought), np.float32), np.empty(2 * len(bought), np.int32)
        both_weights[first], both_weights[second] = weights, lately
        both_codes[first] = both_codes[second] = bought
        sums: Float32 = _lay_out_rows(both_weights, both_codes, offsets, len(links)) @ links
        return sums[::2], sums[1::2]

    def find_columns(self, products: Int64) -> Int64:
        """Return the columns of products in `together`, of those that were asked for if some were."""
        if self._asked is None:
            return self._arrays.linked_codes[products]
        return np.searchsorted(self._asked, products)

    def _find_cells(self, codes: Int64, num_codes: int) -> Int64:
        """Return for each purchase its cell in float32[U', num_codes], by the code of its product, int64[N]."""
        return self.history_users * num_codes + codes[self._products]

    def _sum_by(self, cells: Int64, num_codes: int, values: Float32) -> Float32:
        """Sum a value of each purchase by its cell; float32[U', num_codes]."""
        sums = np.zeros(len(self.user_rows) * num_codes, dtype=np.float32)
        np.add.at(sums, cells, values)
        return sums.reshape(-1, num_codes)

    def _average_prices(self, cells: Int64, weights: Float32) -> Float32:
        prices, num_types = self._arrays.log_prices[self._products], self._arrays.num_types
        is_known = np.isfinite(prices)
        cells, weights = cells[is_known], weights[is_known]
        sums = self._sum_by(cells, num_types, weights * prices[is_known])
        weights = self._sum_by(cells, num_types, weights)
        return np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)

    def _find_ages(self, cells: Int64) -> Float32:
        """Say when each user last bought of each type, in days, NaN = never."""
        ages = np.full(self.types.size, np.inf, dtype=np.float32)
        np.minimum.at(ages, cells, self._arrays.history_column("pair_days_since")[self.history_rows])
        ages[np.isinf(ages)] = np.nan
        return ages.reshape(self.types.shape)

    def score_alike(self, audiences: Float32, some: slice = EVERYBODY) -> Float32:
        """Score users against some products by their recent buyers.

        Summed one by one: a matrix product would round by how many users are scored at once.

        Args:
            audiences: float32[P, EMBEDDING_SIZE], of the products.
            some: of the users.

        Returns:
            float32[users, P], in logarithms.
        """
        likeness: Float32 = np.einsum("ut,pt->up", self.user_embeddings[some], audiences)
        np.maximum(likeness, 0.0, out=likeness)
        likeness += ALIKE_FLOOR
        return np.log(likeness, out=likeness)

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
        likeness = np.empty(len(users), dtype=np.float32)
        for start in range(0, len(users), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            audiences = self._arrays.audiences.take(products[part], axis=0)
            np.einsum("pt,pt->p", self.user_embeddings.take(users[part], axis=0), audiences, out=likeness[part])
        likeness -= own * norms[users]
        summed = np.log(np.maximum(likeness, 0.0) + ALIKE_FLOOR)
        mean = likeness / (np.maximum(self._arrays.audience_sizes[products] - own, 0.0) + ALIKE_PRIOR)
        return summed.astype(np.float32), mean.astype(np.float32)


def _lay_out_rows(weights: Float32, columns: np.ndarray, offsets: Int64, num_columns: int) -> scipy.sparse.csr_matrix:
    """Lay weights out as rows; indexes of 32 bits are taken as they are, of 64 they are looked through first."""
    indexes = columns.astype(np.int32, copy=False), offsets.astype(np.int32)
    return scipy.sparse.csr_matrix((weights, *indexes), shape=(len(offsets) - 1, num_columns))


def list_history(arrays: SnapshotArrays, user_rows: Int64) -> tuple[Int64, Int64]:
    """Return (position in user_rows, history row) of all that some users bought."""
    starts, ends = arrays.history_offsets[user_rows], arrays.history_offsets[user_rows + 1]
    counts = ends - starts
    users = np.repeat(np.arange(len(user_rows)), counts)
    rows = np.arange(len(users)) + np.repeat(starts - np.cumsum(counts) + counts, counts)
    return users, rows
