"""Users ranked in chunks by all processors: memory is bounded by the chunks at work, results come in order."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from features.snapshot.arrays import Int64

# Users of a chunk: memory of one is about USERS_AT_ONCE x (best sellers + candidates) numbers, which caches hold best.
USERS_AT_ONCE = 64

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
