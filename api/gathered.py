"""Reads of many callers as one: who asks while a read is under way goes along with the next one.

A busy process asks the database once for what many pages need, instead of several times for each page. Nothing is kept:
what a caller gets was read after it asked.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar

from sqlalchemy import Connection

from api.reader import ShopReader

Key = TypeVar("Key")
Found = TypeVar("Found")


class GatheredReads(Generic[Key, Found]):
    """One kind of read. Used from one thread, the event loop's."""

    def __init__(self, reader: ShopReader, read: Callable[[Connection, Collection[Key]], Mapping[Key, Found]]):
        """Read nothing yet.

        Args:
            reader: the shop's database.
            read: gives what is known of each of some keys.
        """
        self._reader = reader
        self._read = read
        self._wanted: set[Key] = set()
        self._coming: asyncio.Future[Mapping[Key, Found]] | None = None
        self._runner: asyncio.Task[None] | None = None

    async def fetch(self, keys: Collection[Key]) -> Mapping[Key, Found]:
        """Give what is known of these keys now, and of others that were asked for at the same moment.

        Raises:
            ShopUnavailableError: the database fails, is too slow, or failed a moment ago.
        """
        if self._reader.is_direct:  # a file is read at once: there is nobody to wait for
            return self._reader.read_now(self._read, keys)
        if self._coming is None:
            self._coming = asyncio.get_running_loop().create_future()
        self._wanted.update(keys)
        answer = self._coming
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await asyncio.shield(answer)  # who gives up must not take the others along

    async def _run(self) -> None:
        """Read as long as anybody waits; each read begins after all of its callers have asked."""
        while self._coming is not None:
            answer, wanted = self._coming, self._wanted
            self._coming, self._wanted = None, set()
            try:
                answer.set_result(await self._reader.run(self._read, wanted))
            except BaseException as err:
                answer.set_exception(err)
                answer.exception()  # known to whoever still waits; nobody may
                if isinstance(err, asyncio.CancelledError):
                    raise
        self._runner = None
