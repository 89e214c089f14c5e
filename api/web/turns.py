"""Turns of the event loop: only a few requests begin in each, so that it looks soon again for what has arrived.

Whatever is ready runs before the loop reads from any connection. If all requests of a crowd began in one turn, those
that are to be turned away at once would wait behind all of their pages.
"""

import asyncio
from collections import deque

MOST_IN_A_TURN = 8


class Turns:
    """Lets requests begin, first come, first served. Used from one thread, the event loop's."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._left = MOST_IN_A_TURN
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_next_due = False

    async def wait(self) -> None:
        """Return in this turn, if few have begun in it, else in a later one."""
        loop = asyncio.get_running_loop()
        if not self._is_next_due:
            self._is_next_due = True
            loop.call_soon(self._begin_next, loop)
        if self._left > 0:
            self._left -= 1
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _begin_next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._left = MOST_IN_A_TURN
        while self._waiting and self._left > 0:
            turn = self._waiting.popleft()
            if not turn.done():  # else whoever waited was cancelled
                turn.set_result(None)
                self._left -= 1
        self._is_next_due = self._left < MOST_IN_A_TURN
        if self._is_next_due:
            loop.call_soon(self._begin_next, loop)
