"""Sorting of rows of scores: one sort of whole numbers, in which equal scores keep their order.

A score and its column are packed into one int64, so that no two are equal: any sort is stable then, and a partition
takes the same ones whatever stands in the other rows.
"""

import numpy as np

from features.snapshot.arrays import Float32, Int64
from features.snapshot.groups import find_bounds

COLUMN_BITS = 32


def find_best(scores: Float32, k: int) -> Int64:
    """Find the best of each row.

    Args:
        scores: float32[R, N], or other numbers, which are taken as such; NaN counts as the lowest, -inf.
        k: how many, at most N.

    Returns:
        Columns, int64[R, k], best first, equal ones in the order of the columns.
    """
    packed = _pack(np.asarray(scores, dtype=np.float32))
    if k < packed.shape[1]:
        packed = np.partition(packed, k, axis=1)[:, :k]
    packed.sort(axis=1)
    packed &= 2**COLUMN_BITS - 1
    return packed


def _pack(scores: Float32) -> Int64:
    """Pack scores and their columns into numbers that rise as the scores fall."""
    falling = np.fmin(np.float32(0) - scores, np.float32(np.inf))  # fmin takes the number where the other is NaN
    bits = falling.view(np.int32)
    bits ^= (bits >> 31) & np.int32(2**31 - 1)  # the bits of negative floats count backwards
    packed = bits.astype(np.int64)
    packed <<= COLUMN_BITS
    packed |= np.arange(scores.shape[1])
    return packed


def sort_within(owners: Int64, scores: Float32) -> tuple[Int64, Int64]:
    """Sort scores by owner, then falling; equal ones keep their order.

    Args:
        owners: int64[P], ascending, any labels.
        scores: float32[P], or other numbers, which are taken as such.

    Returns:
        Indexes of the scores, sorted, and the rank of each within its owner, 0 first. Both int64[P].
    """
    if len(owners) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    bounds = find_bounds(owners)
    starts, counts = bounds[:-1], np.diff(bounds)
    most = int(counts.max())
    shape = len(counts), most
    if len(scores) == len(counts) * most:  # all have as many
        return (find_best(scores.reshape(shape), most) + starts[:, None]).ravel(), np.tile(np.arange(most), len(counts))
    is_filled = np.arange(most) < counts[:, None]
    rows = np.full(shape, -np.inf, dtype=np.float32)
    rows[is_filled] = scores
    order = find_best(rows, most) + starts[:, None]
    return order[is_filled], np.broadcast_to(np.arange(most), shape)[is_filled]
