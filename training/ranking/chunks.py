"""Users ranked in chunks by all processors: memory is bounded by the chunks at work, results come in order."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from features.snapshot.arrays import Int64

# Users of a chunk: memory of one is about USERS_AT_ONCE x (best sellers + candidates) numbers, which caches hold best.
USERS_AT_ONCE = 64

# Pairs of a slice: of what the network computes for so many, a core's own cache holds most.
PAIRS_AT_ONCE = 2000

Result = TypeVar("Result")


def map_chunks(work: Callable[[Int64], Result], rows: Int64) -> list[Result]:
    """Call a function on chunks of user rows, a thread a processor; numpy, scipy and the network let them run at once.

    Args:
        work: is called with int64[at most USERS_AT_ONCE], in the order of `rows`; threads share it.
        rows: int64[U].

    Returns:
        What it gave for each chunk, in order; one chunk is worked on in the caller's thread.
    """
    chunks = [rows[start : start + USERS_AT_ONCE] for start in range(0, len(rows), USERS_AT_ONCE)]
    if len(chunks) < 2:
        return [work(chunk) for chunk in chunks]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(work, chunks))


def slice_pairs(owners: Int64, num_users: int) -> Iterator[tuple[slice, slice]]:
    """Cut pairs between users into slices of at most PAIRS_AT_ONCE, or of one user; no users are one slice.

    Args:
        owners: int64[P], ascending: which of the users each pair is of.
        num_users: U.

    Yields:
        The slice of the users, and that of their pairs.
    """
    starts = np.searchsorted(owners, np.arange(num_users + 1))
    first = 0
    while first < max(num_users, 1):
        fitting = int(np.searchsorted(starts, starts[first] + PAIRS_AT_ONCE, side="right")) - 1
        last = min(max(fitting, first + 1), num_users)
        yield slice(first, last), slice(int(starts[first]), int(starts[last]))
        first = max(last, first + 1)
