"""Cache that is valid until the database changes: answered pages, and products that can be sold.

Whether anything changed is what the databases themselves say (SQLite's `data_version`, which moves with every commit),
so what is kept is never older than they are. Where nothing says so, nothing is kept.
"""

from collections.abc import Collection, Hashable, Mapping
from typing import Generic, TypeVar

from api.db.coalescing import CoalescedReads
from api.db.reader import DatabaseReader
from api.pages.latest_products import LatestProducts
from api.queries.catalogue import SellableProduct, fetch_sellable

KEPT_PRODUCTS = 200_000

Key = TypeVar("Key")
Kept = TypeVar("Kept")


class Unchanged(Generic[Key, Kept]):
    """What is known of the present state of one or more databases, in bounded memory."""

    def __init__(self, most: int):
        """Start with nothing.

        Args:
            most: how much is kept; what would go beyond begins anew.
        """
        self._most = most
        self._mark: Hashable = None
        self._kept: dict[Key, Kept] = {}

    def since(self, mark: Hashable) -> dict[Key, Kept]:
        """Return what was kept since the databases were at `mark`, for the caller to look up and to add to.

        What is added must have been read after the mark. A caller that adds late, when they have moved on, adds
        to what nobody looks at any more.
        """
        if mark is None or mark != self._mark or len(self._kept) >= self._most:
            self._mark, self._kept = mark, {}
        return self._kept


class LiveProducts:
    """What can be sold at the moment of a page."""

    def __init__(self, reader: DatabaseReader, latest: LatestProducts):
        """Read nothing yet.

        Args:
            reader: the shop's database.
            latest: learns what is read.
        """
        self._latest = latest
        self._reads: CoalescedReads[int, SellableProduct] = CoalescedReads(reader, fetch_sellable)
        self._unchanged: Unchanged[int, SellableProduct | None] = Unchanged(KEPT_PRODUCTS)

    def since(self, mark: int | None) -> "LivePage":
        """Begin a page that saw the shop at `mark`."""
        return LivePage(self._reads, self._unchanged.since(mark), self._latest)


class LivePage:
    """The products of one page, each looked up once."""

    def __init__(
        self,
        reads: CoalescedReads[int, SellableProduct],
        known: dict[int, SellableProduct | None],
        latest: LatestProducts,
    ):
        """Take what is known already.

        Args:
            reads: where the others come from.
            known: products as they can be sold now; `None` for one that cannot.
            latest: learns what is read.
        """
        self._latest = latest
        self._reads = reads
        self._known = known

    async def load(self, product_ids: Collection[int]) -> Mapping[int, SellableProduct | None]:
        """Return those that can be sold now; the others are absent or `None`."""
        known = self._known
        unknown = [product_id for product_id in product_ids if product_id not in known]
        if unknown:
            found = await self._reads.load(unknown)
            known.update(zip(unknown, map(found.get, unknown), strict=True))
            self._latest.note(unknown, found)
        return known
