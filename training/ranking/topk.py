"""Top-k of each user's scored pairs."""

import numpy as np

from features.snapshot.arrays import Float32, Int64


def rank_top(owners: Int64, scores: Float32, k: int) -> tuple[Int64, Int64]:
    """Find the best k pairs of each owner; equal scores keep the order of the pairs.

    Args:
        owners: int64[P], any labels of users.
        scores: float32[P].
        k: pairs kept an owner.

    Returns:
        Indexes into the pairs, sorted by owner and falling score, and the rank of each, 0 first. Both int64.
    """
    order = np.lexsort((-scores, owners))  # keeps the order of equals
    sorted_owners = owners[order]
    starts = np.flatnonzero(np.r_[True, sorted_owners[1:] != sorted_owners[:-1]]) if len(order) else order
    lengths = np.diff(np.r_[starts, len(order)])
    ranks = np.arange(len(order)) - np.repeat(starts, lengths)
    return order[ranks < k], ranks[ranks < k]


def lay_out(rows: Int64, owners: Int64, products: Int64, scores: Float32, k: int) -> Int64:
    """Return the lists as int64[len(rows), k] of products, best first, -1 where a list is short.

    Args:
        rows: ascending users, one line each.
        owners: int64[P], each in `rows`.
        products: int64[P].
        scores: float32[P].
        k: length of the lists.
    """
    lists = np.full((len(rows), k), -1, dtype=np.int64)
    order, ranks = rank_top(owners, scores, k)
    lists[np.searchsorted(rows, owners[order]), ranks] = products[order]
    return lists
