"""A snapshot as numpy arrays: rows instead of ids, ready for candidates, pairs and encoding.

Ids pass through sorted index maps and never through floats.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse

from features.definitions import HISTORY_FEATURES, list_names
from features.snapshot.buckets import find_buckets
from features.snapshot.item_neighbours import weigh_purchases

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
Made = TypeVar("Made")
NOTHING: Int64 = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Totals:
    """What no feature tells, and what features need to be kept up with new orders.

    Attributes:
        gross: float32[H], money before discounts of each pair bought.
        priced_lines: float32[U], lines of each user whose price is known.
        mean_prices: float32[C], mean price of each category's lines, NaN = none sold.
    """

    gross: Float32
    priced_lines: Float32
    mean_prices: Float32


@dataclass(frozen=True)
class SnapshotArrays:
    """U users, N products, C categories, H pairs bought; NaN = missing.

    Attributes:
        user_ids: int64[U], sorted within each bucket. product_ids: int64[N], sorted. category_ids: int64[C], sorted.
        users: float32[U, user features]. products: float32[N, product features].
        user_categories: float32[U, C, user_category features].
        category_rows, type_codes, brand_codes: int64[N].
        popularity: float32[N]. is_sellable: bool[N], visible and in stock as of the instant: only such are ranked.
        history: float32[H, HISTORY_FEATURES], sorted by user, product. history_products: int64[H] rows of products.
        history_offsets: int64[U + 1]; the pairs of user row u are history_offsets[u] to history_offsets[u + 1].
        history_decayed: float32[H], the purchases decayed with a half-life of 112 days.
        neighbours: sparse float32[N, N], from the product bought to the product recommended.
        complements: likewise, from a product to what goes with it in an order.
        item_directions, audiences: float32[N, EMBEDDING_SIZE]. audience_sizes: float32[N].
        bucket_offsets: int64[B + 1]; the users of bucket b are the rows bucket_offsets[b] to bucket_offsets[b + 1]. One
            bucket where all users are sorted, or those of one bucket alone were read.
        totals: what keeps features up with new orders; `None` in snapshots from before there was any.
        exclusions: int64[E, 3], what users do not want listed: rows of user (ascending) and product, code of a type;
            -1 = none.
    """

    user_ids: Int64
    product_ids: Int64
    category_ids: Int64
    users: Float32
    products: Float32
    user_categories: Float32
    category_rows: Int64
    type_codes: Int64
    brand_codes: Int64
    popularity: Float32
    is_sellable: npt.NDArray[np.bool_]
    history: Float32
    history_products: Int64
    history_offsets: Int64
    history_decayed: Float32
    neighbours: scipy.sparse.csr_matrix = field(repr=False)
    complements: scipy.sparse.csr_matrix = field(repr=False)
    item_directions: Float32 = field(repr=False)
    audiences: Float32 = field(repr=False)
    audience_sizes: Float32 = field(repr=False)
    exclusions: Int64 = field(repr=False)
    bucket_offsets: Int64
    totals: Totals | None = field(repr=False, default=None)

    def with_users(self, **rows: Any) -> "SnapshotArrays":
        """Return the same products with other users; what is computed of products alone is kept.

        Args:
            **rows: new values of all attributes that have U or H; user_ids are sorted.
        """
        other = replace(self, bucket_offsets=np.array([0, len(rows["user_ids"])]), **rows)
        vars(other).update({name: getattr(self, name) for name in OF_PRODUCTS})
        return other

    def once(self, make: Callable[["SnapshotArrays"], Made]) -> Made:
        """Return what a function computes of products alone, computed at the first call and kept for other users."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    @cached_property
    def _made(self) -> dict[Callable[["SnapshotArrays"], Any], Any]:
        return {}

    def find_users(self, user_ids: Int64) -> Int64:
        """Return the rows of users, -1 for unknown ones. int64[len(user_ids)]."""
        buckets = find_buckets(user_ids, len(self.bucket_offsets) - 1)
        rows = np.full(len(user_ids), -1, dtype=np.int64)
        for bucket in set(buckets.tolist()):
            start, end = self.bucket_offsets[bucket : bucket + 2]
            theirs = buckets == bucket
            found = find_rows(self.user_ids[start:end], user_ids[theirs])
            rows[theirs] = np.where(found < 0, -1, found + start)
        return rows

    def find_products(self, product_ids: Int64) -> Int64:
        """Return the rows of products, -1 for unknown ones. int64[len(product_ids)]."""
        return find_rows(self.product_ids, product_ids)

    def find_categories(self, category_ids: Int64) -> Int64:
        """Return the positions of categories, -1 for unknown ones. int64[len(category_ids)]."""
        return find_rows(self.category_ids, category_ids)

    def user_column(self, name: str) -> Float32:
        """Return one user feature, float32[U]."""
        return self.users[:, list_names("user").index(name)]

    def user_category_column(self, name: str) -> Float32:
        """Return one feature of users in categories, float32[U, C]."""
        return self.user_categories[:, :, list_names("user_category").index(name)]

    def product_column(self, name: str) -> Float32:
        """Return one product feature, float32[N]."""
        return self.products[:, list_names("product").index(name)]

    def history_column(self, name: str) -> Float32:
        """Return one feature of the pairs bought, float32[H]."""
        return self.history[:, HISTORY_FEATURES.index(name)]

    @cached_property
    def popular_rows(self) -> Int64:
        """Return the rows of products that ever sold, most popular first, ties by id. int64[at most N]."""
        order = np.argsort(-self.popularity, kind="stable")
        return order[self.popularity[order] > 0]

    @cached_property
    def best_sellers(self) -> Int64:
        """Return the rows of sellable products that ever sold, most popular first, ties by id. int64[at most N]."""
        rows: Int64 = self.popular_rows[self.is_sellable[self.popular_rows]]
        return rows

    @cached_property
    def purchases(self) -> scipy.sparse.csr_matrix:
        """Decayed purchases, sparse float32[U, N]."""
        shape = (len(self.user_ids), len(self.product_ids))
        return scipy.sparse.csr_matrix((self.history_decayed, self.history_products, self.history_offsets), shape=shape)

    @cached_property
    def freshness(self) -> scipy.sparse.csr_matrix:
        """How fresh each user's last purchase of a product is, as the neighbours weigh it; sparse float32[U, N]."""
        weights = weigh_purchases(self.history_column("pair_days_since"))
        return scipy.sparse.csr_matrix(
            (weights, self.history_products, self.history_offsets), shape=self.purchases.shape
        )

    @cached_property
    def types(self) -> scipy.sparse.csr_matrix:
        """Which product is of which type, sparse float32[N, types]."""
        codes = self.type_codes
        ones, shape = np.ones(len(codes), dtype=np.float32), (len(codes), self.num_types)
        return scipy.sparse.csr_matrix((ones, codes, np.arange(len(codes) + 1)), shape=shape)

    def find_excluded(self, user_rows: Int64) -> tuple[Int64, Int64]:
        """Find what some users do not want listed: the products that they named, and those of kinds that they named.

        Args:
            user_rows: int64[U'], a few at a time; their kinds may hold thousands of products.

        Returns:
            int64[E'] positions in `user_rows`, ascending, and int64[E'] rows of products, each once for a user.
        """
        cells = [self.slice_exclusions(int(row)) for row in user_rows]
        counts = [each.stop - each.start for each in cells]
        if not any(counts):
            return NOTHING, NOTHING
        named = np.concatenate([self.exclusions[each] for each in cells])
        owners = np.repeat(np.arange(len(user_rows)), counts)
        products, types = (
            _mark(owners, named[:, column], (len(user_rows), width))
            for column, width in ((1, len(self.product_ids)), (2, self.num_types))
        )
        excluded = (products + types @ self._type_members).tocsr()
        return np.repeat(np.arange(len(user_rows)), np.diff(excluded.indptr)), excluded.indices.astype(np.int64)

    def slice_exclusions(self, user_row: int) -> slice:
        """Find the rows of a user's exclusions, without reading all of them."""
        owners = self.exclusions[:, 0]
        return slice(bisect_left(owners, user_row), bisect_right(owners, user_row))

    @cached_property
    def _type_members(self) -> scipy.sparse.csr_matrix:
        """Which products are of each type, sparse float32[types, N]."""
        return self.types.T.tocsr()

    @cached_property
    def type_brand_codes(self) -> Int64:
        """Number the pairs of type and brand that there are; int64[N]."""
        return np.unique(self.type_codes * self.num_brands + self.brand_codes, return_inverse=True)[1]

    @cached_property
    def num_types(self) -> int:
        """Count the codes of types, the unknown one included."""
        return int(self.type_codes.max(initial=0)) + 1

    @cached_property
    def num_brands(self) -> int:
        """Count the codes of brands, the unknown one included."""
        return int(self.brand_codes.max(initial=0)) + 1

    @cached_property
    def num_type_brands(self) -> int:
        """Count the pairs of type and brand that there are."""
        return int(self.type_brand_codes.max(initial=0)) + 1

    @cached_property
    def linked_products(self) -> Int64:
        """Return the rows of products that are a neighbour of some product, int64[L]."""
        rows: Int64 = np.unique(self.neighbours.indices).astype(np.int64)
        return rows

    @cached_property
    def linked_codes(self) -> Int64:
        """Return the position of each product among the linked ones, L for all others. int64[N]."""
        codes = np.full(len(self.product_ids), len(self.linked_products), dtype=np.int64)
        codes[self.linked_products] = np.arange(len(self.linked_products))
        return codes

    @cached_property
    def linking_codes(self) -> Int64:
        """Return the position of each product among the K that have neighbours, -1 for all others. int64[N]."""
        codes = np.full(len(self.product_ids), -1, dtype=np.int64)
        has_neighbours = np.diff(self.neighbours.indptr) > 0
        codes[has_neighbours] = np.arange(has_neighbours.sum())
        return codes

    @cached_property
    def link_weights(self) -> Float32:
        """The neighbours, dense: a row for each product that has any, a column for each linked one and an empty one.

        float32[K, L + 1]. Of the 3,000 products that are connected a sixth of the cells is filled; rows that lie side
        by side are added faster than cells that are looked for.
        """
        matrix, codes = self.neighbours, self.linking_codes
        dense = np.zeros((int(codes.max(initial=-1)) + 1, len(self.linked_products) + 1), dtype=np.float32)
        rows = np.repeat(codes, np.diff(matrix.indptr))
        dense[rows, self.linked_codes[matrix.indices]] = matrix.data
        return dense

    @cached_property
    def log_prices(self) -> Float32:
        """Logarithms of the mean prices paid lately, float32[N], NaN = none was."""
        prices = self.product_column("product_price")
        return np.log(np.where(prices > 0, prices, np.float32(np.nan)))


OF_USERS = {"purchases", "freshness"}
"""Cached properties of users; all others are of products."""

OF_PRODUCTS = {name for name, each in vars(SnapshotArrays).items() if isinstance(each, cached_property)} - OF_USERS


def find_rows(sorted_ids: Int64, ids: Int64) -> Int64:
    """Look ids up in a sorted index; -1 for those that it lacks."""
    if len(sorted_ids) == 0:
        return np.full(len(ids), -1, dtype=np.int64)
    rows = np.minimum(np.searchsorted(sorted_ids, ids), len(sorted_ids) - 1)
    return np.where(sorted_ids[rows] == ids, rows, -1).astype(np.int64)


def _mark(rows: Int64, columns: Int64, shape: tuple[int, int]) -> scipy.sparse.csr_matrix:
    """Lay ones out at rows and columns, sparse float32 of that shape; a column of -1 is none."""
    there = columns >= 0
    ones = np.ones(there.sum(), dtype=np.float32)
    return scipy.sparse.csr_matrix((ones, (rows[there], columns[there])), shape=shape)


def to_matrix(frame: pl.DataFrame, names: list[str]) -> Float32:
    """Lay columns side by side as C-ordered float32[rows, names], null becomes NaN."""
    columns: Any = frame.select(pl.col(names).cast(pl.Float32).fill_null(float("nan"))).to_numpy(order="c")
    return np.ascontiguousarray(columns, dtype=np.float32)
