"""Request coalescing: joins concurrent reads into one query; who asks during a read shares the next one.

A busy process asks the database once for what several pages need, instead of several times for each page. Nothing is
kept: what a caller gets was read after it asked.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy import Connection

from api.db.reader import DatabaseReader

MOST_READS = 2
"""Reads under way at once, if each has as many callers as it may: the database works for some pages, and others are put
together in the meantime."""

MOST_CALLERS = 16
"""Callers of one read. If all that wait went together, they would come back together, and either side would stand still
while the other works."""

Key = TypeVar("Key")
Found = TypeVar("Found")


@dataclass
class _Read(Generic[Key, Found]):
    """A read that has not begun: what it is for, and who waits."""

    wanted: set[Key] = field(default_factory=set)
    callers: list[asyncio.Future[Mapping[Key, Found]]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.callers) == MOST_CALLERS

    def find_unanswered(self) -> list[asyncio.Future[Mapping[Key, Found]]]:
        """Find who still waits; the others gave up."""
        return [answer for answer in self.callers if not answer.done()]


class CoalescedReads(Generic[Key, Found]):
    """One kind of read. Used from one thread, the event loop's."""

    def __init__(self, reader: DatabaseReader, read: Callable[[Connection, Collection[Key]], Mapping[Key, Found]]):
        """Read nothing yet.

        Args:
            reader: the database.
            read: gives what is known of each of some keys.
        """
        self._reader = reader
        self._read = read
        self._waiting: deque[_Read[Key, Found]] = deque()
        self._runners: set[asyncio.Task[None]] = set()

    async def load(self, keys: Collection[Key]) -> Mapping[Key, Found]:
        """Return what is known of these keys now, and of others that were asked for at the same moment.

        Raises:
            DatabaseUnavailableError: the database fails, is too slow, or failed a moment ago.
        """
        return await self.ask(keys)

    def ask(self, keys: Collection[Key]) -> asyncio.Future[Mapping[Key, Found]]:
        """Do as `load` does without waiting, so that a caller may ask another database at the same time.

        Raises:
            DatabaseUnavailableError: where reads are direct, as `load` does.
        """
        loop = asyncio.get_running_loop()
        if self._reader.is_direct:  # a file is read at once: there is nobody to wait for
            answer: asyncio.Future[Mapping[Key, Found]] = loop.create_future()
            answer.set_result(self._reader.read_now(self._read, keys))
            return answer
        if not self._waiting or self._waiting[-1].is_full:
            self._waiting.append(_Read())
        read, answer = self._waiting[-1], loop.create_future()
        read.wanted.update(keys)
        read.callers.append(answer)
        if not self._runners or (read.is_full and len(self._runners) < MOST_READS):
            runner = loop.create_task(self._run())
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)  # also of one that was cancelled before it began
        return answer

    async def _run(self) -> None:
        """Read as long as anybody waits; each read begins after all of its callers have asked.

        Beside another runner only full reads are begun: who waits for the others is joined by more.
        """
        try:
            while self._waiting and (len(self._runners) == 1 or self._waiting[0].is_full):
                read = self._waiting.popleft()
                try:
                    found = await self._reader.read(self._read, read.wanted)
                except BaseException as err:
                    for answer in read.find_unanswered():
                        answer.set_exception(err)
                    if isinstance(err, asyncio.CancelledError):
                        raise
                else:
                    for answer in read.find_unanswered():
                        answer.set_result(found)
        finally:
            if (runner := asyncio.current_task()) is not None:
                self._runners.discard(runner)  # at once: who asks from here on needs another one
