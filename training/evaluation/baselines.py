"""Baselines: rankings that need no training, for the gate and for the quality table.

Each takes a snapshot's arrays, ascending user rows and k, and gives int64[U, k] product rows, -1 where a list is short;
products that are hidden or sold out as of the snapshot's instant are in no list.
Rivals that need packages of their own stand in training/studies/rivals.py.
"""

import numpy as np
import scipy.sparse

from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from training.ranking.topk import lay_out

USERS_AT_ONCE = 256


def rank_by_global_popularity(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Everybody gets the products of the most buyers so far."""
    return _rank_alike(arrays, arrays.product_column("product_buyers"), user_rows, k)


def rank_by_category_popularity(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Everybody gets what is popular in the categories they order from: P(category | user) x P(product | category)."""
    orders = np.nan_to_num(arrays.product_column("product_orders_91d")).astype(np.float64) * arrays.is_sellable
    by_category = np.bincount(arrays.category_rows, orders, minlength=len(arrays.category_ids))
    shares = np.divide(orders, by_category[arrays.category_rows], out=np.zeros(len(orders)), where=orders > 0)
    best_first = np.lexsort((-orders, arrays.category_rows))
    sorted_rows = arrays.category_rows[best_first]
    places = np.arange(len(orders)) - np.searchsorted(sorted_rows, sorted_rows)
    best_sellers = np.sort(best_first[places < k])
    lists = np.full((len(user_rows), k), -1, dtype=np.int64)
    for start in range(0, len(user_rows), USERS_AT_ONCE):
        rows = user_rows[start : start + USERS_AT_ONCE]
        scores = count_categories(arrays, rows, arrays.category_rows[best_sellers]) * shares[best_sellers]
        top = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        has_any = np.take_along_axis(scores, top, axis=1) > 0
        lists[start : start + len(rows), : top.shape[1]] = np.where(has_any, best_sellers[top], -1)
    return lists


def rank_by_recent_popularity(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Everybody gets the products of the most buyers in the last 28 days."""
    return _rank_alike(arrays, arrays.product_column("product_buyers_28d"), user_rows, k)


def rank_by_frequency(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Everybody gets what they bought in the most orders."""
    return _rank_own(arrays, arrays.history_column("pair_orders"), user_rows, k)


def rank_by_own_purchases(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Everybody gets what they bought most, decayed with a half-life of 112 days."""
    return _rank_own(arrays, arrays.history_decayed, user_rows, k)


def rank_by_ease(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """EASE (Steck 2019) on fresh purchases, with the snapshot's sparse weights."""
    return _rank_sparse(arrays, arrays.freshness @ arrays.neighbours, user_rows, k)


def rank_by_own_and_ease(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Decayed own purchases, and EASE to fill what they leave open."""
    return _rank_sparse(arrays, arrays.purchases + arrays.freshness @ arrays.neighbours, user_rows, k)


BASELINES = {
    "global_popularity": rank_by_global_popularity,
    "category_popularity": rank_by_category_popularity,
    "own_purchases": rank_by_own_purchases,
}
"""Those that the gate compares with."""
ALL_BASELINES = {
    "global_popularity": rank_by_global_popularity,
    "category_popularity": rank_by_category_popularity,
    "recent_popularity": rank_by_recent_popularity,
    "frequency": rank_by_frequency,
    "own_purchases": rank_by_own_purchases,
    "ease": rank_by_ease,
    "own_and_ease": rank_by_own_and_ease,
}


def count_categories(arrays: SnapshotArrays, user_rows: Int64, category_rows: Int64) -> Float32:
    """Score categories by the user's purchases from them, decayed with a half-life of 112 days: float32[U, C]."""
    counts = arrays.user_category_column("category_decayed_112d")[user_rows]
    return np.nan_to_num(counts)[:, category_rows] * (category_rows >= 0)


def _rank_alike(arrays: SnapshotArrays, buyers: Float32, user_rows: Int64, k: int) -> Int64:
    sellable = np.flatnonzero(arrays.is_sellable)
    top = sellable[np.argsort(-np.nan_to_num(buyers[sellable]), kind="stable")[:k]]
    padded = np.pad(top, (0, k - len(top)), constant_values=-1)
    return np.tile(padded, (len(user_rows), 1))


def _rank_own(arrays: SnapshotArrays, scores: Float32, user_rows: Int64, k: int) -> Int64:
    starts, ends = arrays.history_offsets[user_rows], arrays.history_offsets[user_rows + 1]
    rows = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)] or [starts])
    owners = np.repeat(user_rows, ends - starts)
    kept = arrays.is_sellable[arrays.history_products[rows]]
    return lay_out(user_rows, owners[kept], arrays.history_products[rows][kept], scores[rows][kept], k)


def _rank_sparse(arrays: SnapshotArrays, scores: scipy.sparse.csr_matrix, user_rows: Int64, k: int) -> Int64:
    lists = []
    for start in range(0, len(user_rows), USERS_AT_ONCE):
        rows = user_rows[start : start + USERS_AT_ONCE]
        chunk = scores[rows].tocoo()
        kept = arrays.is_sellable[chunk.col]
        lists.append(lay_out(rows, rows[chunk.row][kept], chunk.col[kept].astype(np.int64), chunk.data[kept], k))
    return np.concatenate(lists) if lists else np.empty((0, k), dtype=np.int64)
