"""The ladder: fills a page from one rung after another, best first, without holes and without repeats.

The first slots hold at most a share of one category, as long as other products can be had, and at most a few products
that a coupon lifted. Pure but for the catalogue that it is given; which rungs there are, and when, is decided in
`api/home.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from api.catalogue import SellableProduct
from api.published import Entry

HEAD_SLOTS = 20
"""The slots that the rules of category and coupon look at; on a shorter page, all of them."""

LIFTED_SLOTS = 2
"""Products that coupons may lift into a head of `HEAD_SLOTS`; on a shorter page, fewer in proportion."""

LEAST_OF_CATEGORY = 2
"""A category may have this many slots on the shortest page, where a share of the slots would be less than two."""

SPARE = 8
"""Products asked beyond those missing, so that a few sold-out ones need no second query."""

FetchSellable = Callable[[Sequence[int]], Mapping[int, SellableProduct]]


class Pick(NamedTuple):
    """A product on the page, the rung that it came from, and why it was ranked there."""

    product: SellableProduct
    rung: str
    reason: str
    is_lifted: bool = False


class Ladder:
    """Picks for one page of `limit` products."""

    def __init__(
        self, limit: int, fetch_sellable: FetchSellable, without: Iterable[int] = (), category_share: float = 1.0
    ):
        """Start with an empty page.

        Args:
            limit: products wanted.
            fetch_sellable: gives those of some product ids that can be sold now.
            without: products that must not be on the page.
            category_share: most of the first slots that one category may have, above 0 and at most 1.
        """
        self._limit = limit
        self._head = min(limit, HEAD_SLOTS)
        self._most_of_category = max(LEAST_OF_CATEGORY, int(category_share * self._head + 1e-9))
        self._fetch_sellable = fetch_sellable
        self._met = set(without)
        self._in_category: Counter[int] = Counter()
        self._lifted: list[Pick] = []
        self._late: list[tuple[str, Entry]] = []
        self._is_head_closed = False
        self.picks: list[Pick] = []

    @property
    def missing(self) -> int:
        """Products that the page still lacks."""
        return self._limit - len(self.picks) - len(self._lifted)

    @property
    def met(self) -> set[int]:
        """Products that came by, on the page or not."""
        return self._met

    @property
    def full_categories(self) -> list[int]:
        """Categories that the head cannot take more of; none once it is complete."""
        if self._is_head_closed:
            return []
        return [category for category, number in self._in_category.items() if number >= self._most_of_category]

    def lift(self, entries: Sequence[Entry], has_coupon: Callable[[Entry], bool]) -> None:
        """Reserve the last slots of the head for the best products with a coupon that would stand below it."""
        slots = self._head * LIFTED_SLOTS // HEAD_SLOTS
        below = [entry for entry in entries[self._head - slots :] if entry.product_id not in self._met]
        wanted = [entry for entry in below if has_coupon(entry)][: slots + SPARE]
        sellable = self._fetch_sellable([entry.product_id for entry in wanted]) if slots and wanted else {}
        for entry in wanted:
            product = sellable.get(entry.product_id)
            if product is None or len(self._lifted) == slots or self._is_full(product):
                continue
            self._met.add(product.product_id)
            self._in_category[product.category_id] += 1
            self._lifted.append(Pick(product, "published", entry.reason, is_lifted=True))

    def step(self, rung: str, entries: Iterable[Entry]) -> None:
        """Fill up from a rung's list, in its order, as far as its products can be sold."""
        if self.missing:
            self._climb((rung, entry) for entry in entries if not self._has_met(entry.product_id))

    def take(self, rung: str, products: Iterable[SellableProduct], reason: str) -> None:
        """Fill up with products that are known to be sellable."""
        shown = {pick.product.product_id for pick in (*self.picks, *self._lifted)}
        for product in products:
            if product.product_id not in shown:
                self._place(Pick(product, rung, reason))

    def finish(self) -> None:
        """Complete the head with what its rule held back: a page is never left with holes for the sake of variety."""
        self._close_head()
        self._climb(iter(()))

    def _climb(self, fresh: Iterator[tuple[str, Entry]]) -> None:
        """Place what was held back where there is room now, then the fresh entries, as few as will do."""
        while self.missing:
            was_closed = self._is_head_closed
            held, self._late = self._late, []
            fresh = chain(held, fresh)
            page = self._choose(fresh)
            if not page:
                return
            sellable = self._fetch_sellable([entry.product_id for _, entry in page])
            for place, (rung, entry) in enumerate(page):
                product = sellable.get(entry.product_id)
                if product is not None and not self._place(Pick(product, rung, entry.reason)):
                    self._late.append((rung, entry._replace(category_id=product.category_id)))
                if self._is_head_closed != was_closed:  # what was held back goes before the rest
                    fresh = chain(page[place + 1 :], fresh)
                    break

    def _choose(self, fresh: Iterator[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
        """Take the entries to look up next; those of categories that are full in the head are held back."""
        size = self.missing + SPARE
        if self._is_head_closed:
            return list(islice(fresh, size))
        room = {category: self._most_of_category - number for category, number in self._in_category.items()}
        page: list[tuple[str, Entry]] = []
        for rung, entry in fresh:
            left = room.get(entry.category_id, self._most_of_category)
            room[entry.category_id] = left - 1
            (page if left > 0 else self._late).append((rung, entry))
            if len(page) == size:
                break
        return page

    def _place(self, pick: Pick) -> bool:
        """Put a product into the next slot, unless its category is full in the head.

        Returns:
            Whether it is on the page, or the page was full already.
        """
        if not self.missing:
            return True
        if not self._is_head_closed:
            if self._is_full(pick.product):
                return False
            self._in_category[pick.product.category_id] += 1
        self.picks.append(pick)
        if len(self.picks) + len(self._lifted) == self._head:
            self._close_head()
        return True

    def _close_head(self) -> None:
        self._is_head_closed = True
        self.picks += self._lifted
        self._lifted = []

    def _is_full(self, product: SellableProduct) -> bool:
        return self._in_category[product.category_id] >= self._most_of_category

    def _has_met(self, product_id: int) -> bool:
        """Tell whether a product came by before, and note that it has now."""
        has_met = product_id in self._met
        self._met.add(product_id)
        return has_met
