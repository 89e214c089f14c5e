"""Texts of what can be sold, in memory, as new as the log of the shop's changes says.

A search first asks the log what has changed (`shop/migrations/change_log.py`), so that what was renamed, hidden or
priced anew is found as it is now. Where the shop has no log, or too much has changed at once, nothing is in memory
until the next time that all texts are read, and the database searches.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from api.db.reader import DatabaseReader
from api.pages.known_changes import KnownChanges
from api.queries.catalogue_changes import fetch_changes, has_change_log
from api.queries.search import Match, fetch_texts, fetch_texts_of
from api.search.text_index import TextIndex

TEXTS_AT_ONCE = 2000
MOST_TEXTS = 500_000
"""Products whose texts are known, so that a process's memory does not follow the shop."""

PAUSE_SECONDS = 0.01


class LiveTexts:
    """The index of all texts, kept up with the shop."""

    def __init__(self, reader: DatabaseReader):
        """Know nothing yet.

        Args:
            reader: the database that holds the catalogue.
        """
        self._reader = reader
        self._changes = KnownChanges()
        self._index: TextIndex | None = None
        self._renewing = asyncio.Lock()
        self._changing = Lock()

    async def learn(self) -> list[Match]:
        """Read all texts, piece by piece, and make the index anew; returns the products, at most `MOST_TEXTS`.

        Raises:
            DatabaseUnavailableError: the database fails or is too slow.
        """
        changes = KnownChanges()
        if await self._reader.read(has_change_log):
            read = await self._reader.read(fetch_changes, None, (), ())
            changes.begin(read.begins_after)
            changes.note(read.changes)
        products: list[Match] = []
        while piece := await self._reader.read(
            fetch_texts, products[-1].product_id if products else -1, min(TEXTS_AT_ONCE, MOST_TEXTS - len(products))
        ):
            products += piece
            await asyncio.sleep(PAUSE_SECONDS)
        is_whole = changes.position is not None and len(products) < MOST_TEXTS
        index = await asyncio.to_thread(TextIndex, products) if is_whole else None
        async with self._renewing:
            self._changes, self._index = changes, index
        return products

    async def renew(self) -> bool:
        """Take in what has changed until now; returns whether the index can be asked.

        Raises:
            DatabaseUnavailableError: the database fails or is too slow.
        """
        async with self._renewing:
            at = self._changes.position
            if self._index is None or at is None:
                return False
            read = await self._reader.read(fetch_changes, at.after, self._changes.missing, ())
            if not read.is_whole:
                self._index = None
                return False
            news = dict.fromkeys(self._changes.note(read.changes))
            if news:
                index, self._index = self._index, None  # if what follows fails: the changes are not told again
                found = await self._reader.read(fetch_texts_of, list(news))
                await asyncio.to_thread(self._replace, index, news, found)  # a search may hold the index for long
                self._index = index
            return True

    def _replace(self, index: TextIndex, product_ids: Iterable[int], products: Iterable[Match]) -> None:
        with self._changing:
            index.replace(product_ids, products)

    @contextmanager
    def hold(self) -> Iterator[TextIndex | None]:
        """Give the index, which does not change meanwhile; for use from any thread."""
        with self._changing:
            yield self._index
