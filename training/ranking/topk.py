"""Top-k of each user's scored pairs."""

import numpy as np

from features.ranking.sorting import sort_within
from features.snapshot.arrays import Float32, Int64
from features.snapshot.groups import find_bounds

NOTHING: Int64 = np.empty(0, dtype=np.int64)


def rank_top(
    owners: Int64, scores: Float32, k: int, wanted: Int64 = NOTHING, least_wanted: int = 0
) -> tuple[Int64, Int64]:
    """Find the best k pairs of each owner; equal scores keep the order of the pairs.

    Args:
        owners: int64[P], any labels of users.
        scores: float32[P].
        k: pairs kept an owner, the best.
        wanted: int64, indexes of pairs of which each owner keeps the best `least_wanted` in any case, ascending.
        least_wanted: see `wanted`.

    Returns:
        Indexes into the pairs, sorted by owner and falling score, and the rank of each, 0 first. Both int64.
    """
    if (owners[1:] >= owners[:-1]).all():
        order, ranks = sort_within(owners, scores)
    else:
        by_owner = np.argsort(owners, kind="stable")
        order, ranks = sort_within(owners[by_owner], scores[by_owner])
        order = by_owner[order]
    kept = ranks < k
    if least_wanted:
        is_wanted = np.zeros(len(owners), dtype=bool)
        is_wanted[wanted] = True
        is_wanted = is_wanted[order]
        better = np.cumsum(is_wanted) - is_wanted  # wanted ones of the same owner or one before
        better -= better[np.arange(len(order)) - ranks]
        kept |= is_wanted & (better < least_wanted)
        order = order[kept]
        return order, _count_within(owners[order])
    return order[kept], ranks[kept]


def _count_within(owners: Int64) -> Int64:
    """Count each owner's pairs from 0; the owners are sorted."""
    bounds = find_bounds(owners)
    counted: Int64 = np.arange(len(owners)) - np.repeat(bounds[:-1], np.diff(bounds))
    return counted


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
