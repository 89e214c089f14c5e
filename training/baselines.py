"""What is free: rankings without a model, for the gate and the quality table.

Each takes a snapshot's arrays, ascending user rows and k, and gives int64[U, k] product rows, -1 where a list is short.
"""

import numpy as np

from features.arrays import Int64, SnapshotArrays
from training.topk import lay_out


def rank_by_global_popularity(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Everybody gets the products of the most orders in the last 91 days."""
    orders = np.nan_to_num(arrays.product_column("product_orders_91d"))
    top = np.argsort(-orders, kind="stable")[:k]
    padded = np.pad(top, (0, k - len(top)), constant_values=-1)
    return np.tile(padded, (len(user_rows), 1))


def rank_by_own_purchases(arrays: SnapshotArrays, user_rows: Int64, k: int) -> Int64:
    """Everybody gets what they bought most, decayed with a half-life of 112 days."""
    starts, ends = arrays.history_offsets[user_rows], arrays.history_offsets[user_rows + 1]
    rows = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)] or [starts])
    owners = np.repeat(user_rows, ends - starts)
    return lay_out(user_rows, owners, arrays.history_products[rows], arrays.history_decayed[rows], k)


BASELINES = {"global_popularity": rank_by_global_popularity, "own_purchases": rank_by_own_purchases}
