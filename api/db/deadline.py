"""Deadline that counts the time of the other side: a busy event loop of our own is not taken for a slow database."""

import asyncio
from types import TracebackType

LATE_SHARE = 0.2
"""A timer that fires later than this share of the deadline says that the loop was busy, not that nobody answered."""


class Deadline:
    """Ends a block with TimeoutError like `asyncio.timeout`, once more as late as the loop itself was late.

    An answer that arrived while the loop was busy is then seen before the block ends. The extension is at most as long
    as the deadline, so that nobody waits longer than twice.
    """

    def __init__(self, seconds: float):
        """Take the longest wait, in seconds."""
        self._seconds = seconds
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        """Start the clock."""
        self._loop = asyncio.get_running_loop()
        await self._timeout.__aenter__()
        self._due = self._loop.time() + self._seconds
        self._timer = self._loop.call_at(self._due, self._end_or_extend)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the clock; what it cancelled raises TimeoutError."""
        self._timer.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def _end_or_extend(self) -> None:
        late = self._loop.time() - self._due
        if late > LATE_SHARE * self._seconds:
            self._timer = self._loop.call_later(min(late, self._seconds), self._end)
        else:
            self._end()

    def _end(self) -> None:
        self._timeout.reschedule(self._loop.time())
