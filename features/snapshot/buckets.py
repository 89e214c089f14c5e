"""User buckets, the unit of scale: per-user tables are partitioned by them, workers take one each."""

import argparse
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

Int64 = npt.NDArray[np.int64]
Ids = TypeVar("Ids", pl.Expr, Int64)

# Fibonacci hashing (Knuth, TAOCP 3, 6.4): 2^31 divided by the golden ratio, made odd, spreads consecutive ids evenly.
_MULTIPLIER = 1_327_217_885


def assign_bucket(user_id: pl.Expr, num_buckets: int) -> pl.Expr:
    """Return the bucket of each user, 0 <= bucket < num_buckets; stable across runs, machines and versions."""
    return _spread(user_id, num_buckets).cast(pl.Int32).alias("bucket")


def find_buckets(user_ids: Int64, num_buckets: int) -> Int64:
    """Return the bucket of each user as `assign_bucket` does, int64[len(user_ids)]."""
    return _spread(user_ids, num_buckets)


def _spread(user_ids: Ids, num_buckets: int) -> Ids:
    mixed = (user_ids % 2**31) * _MULTIPLIER % 2**31
    return (mixed // 2**8) % num_buckets


LEAST_BUCKETS = 4
LINES_A_BUCKET = 1_000_000
"""Half of what a rebuild holds in memory at once (`LINES_AT_ONCE`), as buckets are not all alike."""


def fit_buckets(num_lines: int) -> int:
    """Return how many buckets a shop wants: a power of two, so that each new bucket lies within one of before.

    Args:
        num_lines: of all orders.
    """
    num_buckets = LEAST_BUCKETS
    while num_buckets * LINES_A_BUCKET < num_lines:
        num_buckets *= 2
    return num_buckets


class NoSuchBucketError(Exception):
    """A bucket is named that a snapshot has not."""


@dataclass(frozen=True)
class BucketChoice:
    """Some of the user buckets, as a command line names them.

    Attributes:
        text: as it was written.
        first: the first bucket, or the number of the part.
        last: the last bucket; `None` for a part.
        num_parts: how many parts of equal size there are; `None` for buckets by number.
    """

    text: str
    first: int
    last: int | None = None
    num_parts: int | None = None

    def select(self, num_buckets: int) -> range:
        """Return the buckets that are meant; none for a part beyond the last bucket.

        Raises:
            NoSuchBucketError: a bucket is named that there is not.
        """
        if self.num_parts is not None:
            return range(num_buckets * (self.first - 1) // self.num_parts, num_buckets * self.first // self.num_parts)
        assert self.last is not None
        if self.last >= num_buckets:
            raise NoSuchBucketError(f"there are buckets 0 to {num_buckets - 1}, {self.text} was asked for.")
        return range(self.first, self.last + 1)


def parse_buckets(text: str) -> BucketChoice:
    """Read buckets of a command line: `3`, `3-7`, or `2/4`, the second of four parts.

    Raises:
        argparse.ArgumentTypeError: it is none of these.
    """
    first, dash, last = text.partition("-")
    part, slash, num_parts = text.partition("/")
    if slash and part.isdecimal() and num_parts.isdecimal() and 1 <= int(part) <= int(num_parts):
        return BucketChoice(text, int(part), num_parts=int(num_parts))
    if first.isdecimal() and (not dash or last.isdecimal()) and int(first) <= int(last or first):
        return BucketChoice(text, int(first), last=int(last or first))
    raise argparse.ArgumentTypeError(f"not buckets: {text!r}; write 3, 3-7, or 2/4 for the second of four parts")
