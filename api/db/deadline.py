"""Deadline that counts the time of the other side: a busy process, or machine, is not taken for a slow database."""

import asyncio
import os
import threading
import time
from pathlib import Path
from types import TracebackType

LATE_SHARE = 0.2
"""Time of our own that is less than this share of the deadline is not made good."""

MOST_EXTENSIONS = 3
"""Times the deadline that it is extended by at most, so that nobody waits longer than four times."""

SAMPLE_SECONDS = 0.005
"""How old a measurement of our own time may be: pages begin more often than it is worth measuring."""

STATISTICS = "/proc/thread-self/schedstat"
"""Of Linux: nanoseconds that the thread has run, and that it waited for a processor."""


class OwnTime(threading.local):
    """Seconds that the present thread has worked, or wanted to work while the machine did something else."""

    def __init__(self) -> None:
        """Measure nothing yet."""
        self._read_at = self._seconds = 0.0
        self._file = os.open(STATISTICS, os.O_RDONLY) if Path(STATISTICS).exists() else None

    def read(self) -> float:
        """Return the seconds as they were a moment ago."""
        now = time.monotonic()
        if now - self._read_at > SAMPLE_SECONDS:
            self._read_at, self._seconds = now, self._measure()
        return self._seconds

    def _measure(self) -> float:
        if self._file is None:
            return time.thread_time()
        ran, waited, _ = os.pread(self._file, 100, 0).split()
        return (int(ran) + int(waited)) / 1e9


_own_time = OwnTime()


class Deadline:
    """Ends a block with TimeoutError like `asyncio.timeout`, later by what our own side took of the time.

    That is what the loop's thread worked for other pages, what it waited for a processor, and what it was late to see
    the end. An answer that arrived meanwhile is then seen before the block ends.
    """

    def __init__(self, seconds: float):
        """Take the longest wait, in seconds."""
        self._seconds = seconds
        self._extended = 0.0
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        """Start the clock."""
        self._loop = asyncio.get_running_loop()
        await self._timeout.__aenter__()
        self._due = self._loop.time() + self._seconds
        self._own = _own_time.read()
        self._timer = self._loop.call_at(self._due, self._end_or_extend)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the clock; what it cancelled raises TimeoutError."""
        self._timer.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def _end_or_extend(self) -> None:
        now, own = self._loop.time(), _own_time.read()
        extension = min(max(now - self._due, own - self._own), MOST_EXTENSIONS * self._seconds - self._extended)
        if extension <= LATE_SHARE * self._seconds:
            self._timeout.reschedule(now)
            return
        self._extended += extension
        self._due, self._own = now + extension, own
        self._timer = self._loop.call_at(self._due, self._end_or_extend)
