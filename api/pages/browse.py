"""Browsing and search: departments, the products of one, and search by title.

Restricted departments are for those who open or search them: a walk through everything leaves them out. What the
merchant's rules hide is in no page, what they boost or bury is moved among the popular products.
A department begins with what the shown batch calls popular in it; the rest follows by id. A cursor names the batch that
its page came from, so that walking on never mixes two orders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy import Connection

from api.db.databases import Databases
from api.db.reader import DatabaseUnavailableError
from api.merchandising.rules import NO_RULES, AppliedRules
from api.pages.fallback import FallbackCache
from api.queries.catalogue import SellableProduct, fetch_categories, fetch_sellable, fetch_sellable_after
from api.queries.published import SharedListsCache, fetch_head, fetch_popular_list
from api.schemas import Categories, ListedProduct, ProductPage

POPULAR_FIRST = 200


@dataclass(frozen=True)
class Cursor:
    """Where a walk goes on: among the popular products of a batch, or after a product id among the rest."""

    batch_id: str = ""
    popular_offset: int = 0
    after_id: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cursor back.

        Raises:
            ValueError: this is no cursor of ours.
        """
        kind, _, rest = text.partition(".")
        place, _, batch_id = rest.partition(".")
        if kind not in ("popular", "rest") or not place.isascii() or not place.isdigit() or len(place) > 18:
            raise ValueError("this is no cursor of this API; begin without one")
        return cls(batch_id, int(place)) if kind == "popular" else cls(batch_id, POPULAR_FIRST, int(place))

    def __str__(self) -> str:
        """Write the cursor as clients carry it."""
        if self.after_id is None:
            return f"popular.{self.popular_offset}.{self.batch_id}"
        return f"rest.{self.after_id}.{self.batch_id}"


@dataclass(frozen=True)
class ProductFilter:
    """What is walked through: a department, what a search finds, both, or everything but some departments."""

    category_id: int | None
    words: tuple[str, ...]
    without: frozenset[int] = frozenset()

    def leave_out(self, restricted: frozenset[int]) -> Self:
        """Leave departments out of everything; what the shopper opened or searched for is not kept from them."""
        return replace(self, without=restricted) if self.category_id is None and not self.words else self

    def matches(self, product: SellableProduct) -> bool:
        """Return whether a product matches."""
        title = product.title.lower()
        in_category = self.category_id is None or product.category_id == self.category_id
        is_left_out = product.category_id in self.without
        return in_category and not is_left_out and all(word in title for word in self.words)


class CataloguePages:
    """Answers for category pages and searches, whatever fails."""

    def __init__(self, databases: Databases, fallback: FallbackCache, cache: SharedListsCache):
        """Take the dependencies.

        Args:
            databases: under a deadline of their own: a long search must not count against other pages.
            fallback: the local fallback.
            cache: shared lists by batch.
        """
        self._databases = databases
        self._fallback = fallback
        self._cache = cache
        self._categories: Categories | None = None

    async def list_categories(self) -> Categories:
        """List the departments; without the database, those that were read last.

        Raises:
            DatabaseUnavailableError: the database cannot be reached, and no departments were read before.
        """
        try:
            self._categories = await self._databases.shop.read(fetch_categories)
        except DatabaseUnavailableError:
            known = self._categories or self._fallback.copy.categories
            if known is None:
                raise
            return known
        return self._categories

    async def list_products(self, product_filter: ProductFilter, limit: int, cursor: Cursor | None) -> ProductPage:
        """Return one page; without a database, what the local fallback has.

        Raises:
            DatabaseUnavailableError: a database cannot be reached, and whether anything is there, or follows the
                cursor, the local fallback cannot say.
        """
        try:
            page = self._read_both(product_filter, limit, cursor)
            products, next_cursor = await self._databases.within_deadline(page)
        except DatabaseUnavailableError:
            wanted = product_filter.leave_out(self._fallback.restricted)
            products = [product for product in self._fallback.list_products() if wanted.matches(product)]
            if cursor is not None or not products:
                raise
            return _to_page(products[:limit], None)
        self._fallback.latest.note_sellable(products)
        return _to_page(products, next_cursor)

    async def _read_both(
        self, product_filter: ProductFilter, limit: int, cursor: Cursor | None
    ) -> tuple[list[SellableProduct], Cursor | None]:
        """Read what is popular, and then what of it and of the rest can be sold."""
        product_filter = product_filter.leave_out(await self._fallback.load_restricted(self._databases))
        rules = self._fallback.rules.current
        begin, popular_ids = await self._databases.platform.read(self._read_popular, product_filter, cursor, rules)
        return await self._databases.shop.read(read_page, product_filter, limit, begin, popular_ids, rules)

    def _read_popular(
        self, connection: Connection, product_filter: ProductFilter, cursor: Cursor | None, rules: AppliedRules
    ) -> tuple[Cursor, list[int]]:
        """Read which products the cursor's batch calls popular, best first; without a cursor, the shown batch."""
        if cursor is None:
            head = fetch_head(connection)
            if head is not None:
                self._cache.get(connection, head)
            cursor = Cursor(head.batch_id if head else "")
        category_id, shared = product_filter.category_id, self._cache.find(cursor.batch_id)
        if shared is None:
            entries = fetch_popular_list(connection, cursor.batch_id, category_id)
        else:
            entries = shared.popular if category_id is None else shared.by_category.get(category_id, [])
        return cursor, [entry[0] for entry in rules.arrange(entries[:POPULAR_FIRST])]


def read_page(
    connection: Connection,
    product_filter: ProductFilter,
    limit: int,
    cursor: Cursor,
    popular_ids: Sequence[int],
    rules: AppliedRules = NO_RULES,
) -> tuple[list[SellableProduct], Cursor | None]:
    """Read one page of what can be sold now, the popular products first.

    Args:
        connection: to the shop's database.
        product_filter: what is walked through.
        limit: products wanted.
        cursor: where the page begins.
        popular_ids: what the cursor's batch calls popular, best first.
        rules: the merchant's, which `popular_ids` follow already.

    Returns:
        The page, and where the next one begins; `None` at the end.
    """
    sellable = fetch_sellable(connection, popular_ids)
    found = (sellable[product_id] for product_id in popular_ids if product_id in sellable)
    popular = [product for product in found if product_filter.matches(product)]
    if cursor.after_id is None:
        page = popular[cursor.popular_offset :][:limit]
        if len(page) == limit:
            return page, Cursor(cursor.batch_id, cursor.popular_offset + limit)
    else:
        page = []
    missing = limit - len(page)
    after_id = -1 if cursor.after_id is None else cursor.after_id
    without = {product.product_id for product in popular}
    rest = fetch_sellable_after(
        connection,
        after_id,
        missing + 1,
        product_filter.category_id,
        product_filter.words,
        without,
        product_filter.without,
        rules.list_conditions(),
    )
    page += rest[:missing]
    more = len(rest) > missing
    last_id = rest[missing - 1].product_id if more else 0
    return page, Cursor(cursor.batch_id, POPULAR_FIRST, last_id) if more else None


def _to_page(products: Iterable[SellableProduct], cursor: Cursor | None) -> ProductPage:
    listed = [ListedProduct(**product.listed()) for product in products]
    return ProductPage(products=listed, next_cursor=None if cursor is None else str(cursor))
