"""Products as they can be sold at the moment of a page, from memory where the shop notes what changes.

The read of the shop that a page begins with also says how many changes the log of the shop's database holds
(`shop/migrations/change_log.py`). If all of them are known here, what is in memory is what the shop's tables hold;
if not, the changes are read first, and the products that they name. A product that is not in memory is read. So a page
shows nothing older than its own first read, without a second one. Where there is no log, each page reads its products.
"""

import asyncio
import logging
from collections.abc import Collection, Container, Mapping, Sequence
from itertools import islice, repeat
from typing import NamedTuple

from api.db.coalescing import CoalescedReads
from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.db.refusals import LastTrouble
from api.db.writer import DatabaseWriter
from api.pages.known_changes import KnownChanges, Seen
from api.pages.latest_products import LatestProducts
from api.queries.catalogue import SellableProduct, fetch_sellable, fetch_sellable_after
from api.queries.catalogue_changes import ReadChanges, delete_old_changes, fetch_changes, has_change_log

KEPT_PRODUCTS = 200_000
CHANGES_SECONDS = 1.0
"""Pause between two looks at the log beside the pages: the local fallback goes by them too."""

FILLED_AT_ONCE = 200
MOST_FILLED = 10
"""Pieces that are read into memory at each look, until all that can be sold is there: pages go on between them."""

PAUSE_SECONDS = 0.002
SWEPT_AT_ONCE = 100
"""Products that are read again at each look, whatever the log says: one that was tampered with is not for ever."""

PRUNE_SECONDS = 600.0
KEPT_CHANGES = 100_000
"""Newest changes that stay in the log: a process that knows fewer begins anew."""

UNKNOWN = object()
"""Stands for a product that is not in memory."""

NOTHING = -1
"""Stands before the first product's id."""

TRIES = 2
"""Reads of the log for one page: the first may have begun before the page did."""

logger = logging.getLogger(__name__)


class LiveProducts:
    """What can be sold now. Used from one thread, the event loop's."""

    def __init__(self, reader: DatabaseReader, latest: LatestProducts):
        """Read nothing yet.

        Args:
            reader: the database that holds the catalogue.
            latest: learns what is read.
        """
        self.changes = KnownChanges()
        self.latest = latest
        self.reads: CoalescedReads[int, SellableProduct] = CoalescedReads(reader, fetch_sellable)
        self._reader = reader
        self._kept: dict[int, SellableProduct | None] = {}
        self._filled_to: int | None = NOTHING
        self._num_updates = 0
        self._update: asyncio.Task[None] | None = None

    async def begin(self, seen: Seen | None) -> "LivePage":
        """Begin a page.

        Args:
            seen: what the page's first read saw of the log; `None` where there is none.

        Raises:
            DatabaseUnavailableError: what has changed cannot be read.
        """
        if seen is None:
            return LivePage(self)
        for _ in range(TRIES):
            if self.changes.knows(seen):
                return LivePage(self, self._kept)
            await self._join_update()
        return LivePage(self, self._kept if self.changes.knows(seen) else None)

    async def begin_now(self) -> "LivePage":
        """Begin a page that waited for something else since its first read.

        Raises:
            DatabaseUnavailableError: as `begin` does.
        """
        if self.changes.position is None:
            return LivePage(self)
        if self._update is not None:  # it may have begun before the wait was over
            await asyncio.shield(self._update)
        await self._join_update()
        return LivePage(self, self._kept)

    def keep(
        self,
        num_updates: int,
        kept: dict[int, SellableProduct | None],
        products: Mapping[int, SellableProduct | None],
    ) -> bool:
        """Keep what a page read; returns whether it was, which it is not if something changed meanwhile.

        Args:
            num_updates: `num_updates` when the read began.
            kept: what the page takes its products from.
            products: what was read; `None` for what cannot be sold.
        """
        if num_updates != self._num_updates:
            return False
        self.latest.note(products, products)
        if kept is not self._kept:
            return False
        if len(kept) > KEPT_PRODUCTS:
            kept.clear()
        kept.update(products)
        return True

    @property
    def num_updates(self) -> int:
        """How often something was changed in memory."""
        return self._num_updates

    async def keep_fresh(self, reader: DatabaseReader) -> None:
        """Look at the log again and again, and again at products that were read long ago.

        Args:
            reader: of the same database, which may wait longer than pages do.
        """
        trouble = LastTrouble()
        while True:
            try:
                await self.renew(reader)
                await self.fill(reader)
                trouble.end()
            except DatabaseUnavailableError as err:
                self.changes.forget()  # pages read for themselves what they show, until the log can be read again
                if trouble.is_new(str(err)):
                    logger.info("products are not kept in memory reason=%r", str(err))
            except Exception as err:  # our own mistake: an ended task would let products age unseen
                self.changes.forget()
                if trouble.is_new(repr(err)):
                    logger.exception("products are not kept in memory")
            await asyncio.sleep(CHANGES_SECONDS)

    async def prune(self, writer: DatabaseWriter) -> None:
        """Delete old changes again and again; every process may, and one that knows nothing of a log does not.

        Args:
            writer: to the same database.
        """
        trouble = LastTrouble()
        while True:
            await asyncio.sleep(PRUNE_SECONDS)
            try:
                if self.changes.position is not None:
                    await writer.write(delete_old_changes, KEPT_CHANGES)
                trouble.end()
            except DatabaseUnavailableError as err:
                if trouble.is_new(str(err)):
                    logger.warning("old changes of the catalogue stay reason=%r", str(err))

    async def renew(self, reader: DatabaseReader) -> None:
        """Take in what has changed, from the beginning where nothing is known.

        Raises:
            DatabaseUnavailableError: the database fails or is too slow.
        """
        if self.changes.position is None and not await reader.read(has_change_log):
            return
        await self._join_update(reader)
        oldest, num_updates = list(islice(self._kept, SWEPT_AT_ONCE)), self._num_updates
        found = await reader.read(fetch_sellable, oldest)
        if num_updates == self._num_updates:
            for product_id in oldest:
                self._kept.pop(product_id, None)  # so that those that were read longest ago come first
            self._take(oldest, found)

    async def fill(self, reader: DatabaseReader) -> None:
        """Read a part of what can be sold and was not read yet, so that pages find it in memory.

        Args:
            reader: of the same database, which may wait longer than pages do.

        Raises:
            DatabaseUnavailableError: the database fails or is too slow.
        """
        for _ in range(MOST_FILLED):
            if self.changes.position is None or self._filled_to is None:
                return
            num_updates, kept = self._num_updates, self._kept
            found = await reader.read(fetch_sellable_after, self._filled_to, FILLED_AT_ONCE)
            if num_updates == self._num_updates:  # else it is read again: something may be older than what is kept
                kept.update((product.product_id, product) for product in found)
                is_all = len(found) < FILLED_AT_ONCE or len(kept) > KEPT_PRODUCTS - FILLED_AT_ONCE
                self._filled_to = None if is_all else found[-1].product_id
            await asyncio.sleep(PAUSE_SECONDS)

    async def _join_update(self, reader: DatabaseReader | None = None) -> None:
        """Wait for the update under way, or begin one; it goes on though its callers give up."""
        reader = reader or self._reader
        if reader.is_direct:
            self._apply(reader.read_now(fetch_changes, *self._asked()))
            return
        if self._update is None:
            self._update = asyncio.create_task(self._run_update(reader))
        await asyncio.shield(self._update)

    async def _run_update(self, reader: DatabaseReader) -> None:
        try:
            self._apply(await reader.read(fetch_changes, *self._asked()))
        finally:
            self._update = None

    def _asked(self) -> tuple[int | None, list[int], tuple[Container[int], ...]]:
        at = self.changes.position
        return None if at is None else at.after, self.changes.missing, (self._kept, self.latest)

    def _apply(self, read: ReadChanges) -> None:
        if not read.is_whole:
            self.changes.begin(read.begins_after)
            self._kept, self._filled_to = {}, NOTHING
            self._num_updates += 1
        elif self.changes.position is None:  # given up meanwhile
            return
        for product_id in (news := self.changes.note(read.changes)):
            self._kept.pop(product_id, None)
        self._num_updates += bool(news)
        self._take(read.asked, read.found)

    def _take(self, asked: Collection[int], found: Mapping[int, SellableProduct]) -> None:
        """Keep what was read just now, when nothing has changed since."""
        self._kept.update(zip(asked, map(found.get, asked), strict=True))
        self.latest.note(asked, found)


class LookedUp(NamedTuple):
    """Products that a page asked for, and what came of each: `None` of one that could not be sold."""

    product_ids: Sequence[int]
    products: Sequence[SellableProduct | None]


class LivePage:
    """The products of one page, each looked up once."""

    def __init__(self, live: LiveProducts, kept: dict[int, SellableProduct | None] | None = None):
        """Take what is known already.

        Args:
            live: where the others come from.
            kept: products as they can be sold now, `None` for one that cannot; not given, nothing is known.
        """
        self.is_in_memory = kept is not None
        """Whether the page takes its products from memory, rather than read them for itself."""
        self._live = live
        self._kept: dict[int, SellableProduct | None] = {} if kept is None else kept
        self._own: dict[int, SellableProduct | None] = {}
        self._looked_up: dict[int, SellableProduct | None] = {}

    async def load(self, product_ids: Collection[int]) -> Mapping[int, SellableProduct | None]:
        """Return those that can be sold now; the others are absent or `None`.

        Raises:
            DatabaseUnavailableError: some have to be read, and cannot be.
        """
        kept, own = self._kept, self._own
        unknown = [each for each in product_ids if each not in kept and each not in own]
        if unknown:
            num_updates = self._live.num_updates
            read_now = await self._live.reads.load(unknown)
            read = {each: read_now.get(each) for each in unknown}
            if not self._live.keep(num_updates, kept, read):
                own.update(read)
        found = {each: own[each] if each in own else kept.get(each) for each in product_ids}
        self._looked_up |= found
        return found

    @property
    def looked_up(self) -> LookedUp:
        """All that the page has asked for so far."""
        return LookedUp(tuple(self._looked_up), list(self._looked_up.values()))

    def holds(self, before: LookedUp) -> bool:
        """Return whether products that another page asked for are all in memory, and still as they were."""
        return list(map(self._kept.get, before.product_ids, repeat(UNKNOWN))) == before.products
