"""Servers that tests start as processes of their own: waiting until one answers."""

import subprocess
import time
from collections.abc import Callable

START_SECONDS = 120.0
PAUSE_SECONDS = 0.2


def await_answer(
    process: "subprocess.Popen[bytes]", answers: Callable[[], bool], *, seconds: float = START_SECONDS
) -> None:
    """Wait until a server answers, for so many seconds.

    Raises:
        AssertionError: it ended before, or took too long.
    """
    deadline = time.monotonic() + seconds
    while not answers():
        assert process.poll() is None, "the server ended before it answered"
        assert time.monotonic() < deadline, f"no answer within {seconds:.0f} s"
        time.sleep(PAUSE_SECONDS)
