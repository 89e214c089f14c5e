"""Wait in a test until something is so."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(ask: Callable[[], Found], seconds: float, *, pause_seconds: float = 0.1) -> Found:
    """Ask again and again until the answer is true, and return it.

    Raises:
        AssertionError: it was not so within the time.
    """
    deadline = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < deadline, f"not so within {seconds:.0f} s"
        time.sleep(pause_seconds)
    return found
