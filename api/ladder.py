"""The ladder: fills a page from one rung after another, best first, without holes and without repeats.

The first slots hold at most a share of one category, as long as other products can be had, and at most a few products
that a coupon lifted. Pure but for the catalogue that it is given; which rungs there are, and when, is decided in
`api/home.py`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from api.catalogue import SellableProduct
from api.published import StoredEntry

HEAD_SLOTS = 20
"""The slots that the rules of category and coupon look at; on a shorter page, all of them."""

LIFTED_SLOTS = 2
"""Products that coupons may lift into a head of `HEAD_SLOTS`; on a shorter page, fewer in proportion."""

LEAST_OF_CATEGORY = 2
"""A category may have this many slots on the shortest page, where a share of the slots would be less than two."""

SPARE = 8
"""Products asked beyond those missing, so that a few sold-out ones need no second query."""

SPARE_OF_CATEGORY = 2
"""Of them at most so many of a category that the head cannot take more of."""

LOOK_AHEAD = 100
"""Entries of a rung that are gone through at once: a user's whole list, a part of those that all shoppers share."""

FetchSellable = Callable[[Sequence[int]], Awaitable[Mapping[int, SellableProduct | None]]]


Candidate = tuple[int, int, int, str, str]
"""What a rung proposes: turn on the page, product_id, category_id, rung, reason. Plain, as a page may see hundreds."""


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
            fetch_sellable: gives those of some product ids that can be sold now; the others absent or `None`.
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
        self._late: list[Candidate] = []
        self._is_head_closed = False
        self._num_proposed = 0
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

    async def lift(self, entries: Sequence[StoredEntry], has_coupon: Callable[[int, int], bool]) -> None:
        """Reserve the last slots of the head for the best products with a coupon that would stand below it.

        Args:
            entries: the user's list, best first.
            has_coupon: tells whether a coupon speaks for a product, by its id and category.
        """
        slots = self._head * LIFTED_SLOTS // HEAD_SLOTS
        below = [entry for entry in entries[self._head - slots :] if entry[0] not in self._met]
        wanted = [entry for entry in below if has_coupon(entry[0], entry[1])][: slots + SPARE]
        sellable = await self._fetch_sellable([entry[0] for entry in wanted]) if slots and wanted else {}
        for product_id, _, _, reason in wanted:
            product = sellable.get(product_id)
            if product is None or len(self._lifted) == slots or self._is_full(product):
                continue
            self._met.add(product_id)
            self._in_category[product.category_id] += 1
            self._lifted.append(Pick(product, "published", reason, is_lifted=True))

    async def step(self, rung: str, entries: Iterable[StoredEntry]) -> None:
        """Fill up from a rung's list, in its order, as far as its products can be sold."""
        coming = iter(entries)
        while self.missing and (part := list(islice(coming, LOOK_AHEAD))):
            await self._climb(self._propose(rung, part))

    def take(self, rung: str, products: Iterable[SellableProduct], reason: str) -> None:
        """Fill up with products that are known to be sellable."""
        shown = {pick.product.product_id for pick in (*self.picks, *self._lifted)}
        for product in products:
            if product.product_id not in shown:
                self._place(Pick(product, rung, reason))

    async def finish(self) -> None:
        """Complete the head with what its rule held back: a page is never left with holes for the sake of variety."""
        self._close_head()
        await self._climb([])

    def _propose(self, rung: str, entries: Iterable[StoredEntry]) -> list[Candidate]:
        """Give the products that did not come by before."""
        met, turn = self._met, self._num_proposed
        fresh: list[Candidate] = []
        for product_id, category_id, _, reason in entries:
            if product_id not in met:
                met.add(product_id)
                fresh.append((turn, product_id, category_id, rung, reason))
                turn += 1
        self._num_proposed = turn
        return fresh

    async def _climb(self, fresh: list[Candidate]) -> None:
        """Place what was held back where there is room now, then the fresh ones, as few as will do."""
        while self.missing:
            was_closed = self._is_head_closed
            if self._late:
                fresh, self._late = sorted(self._late) + fresh, []
            page, fresh = self._choose(fresh)
            if not page:
                return
            sellable = await self._fetch_sellable([product_id for _, product_id, *_ in page])
            for place, (turn, product_id, _, rung, reason) in enumerate(page):
                product = sellable.get(product_id)
                if product is not None and not self._place(Pick(product, rung, reason)):
                    self._late.append((turn, product_id, product.category_id, rung, reason))
                if self._is_head_closed != was_closed:  # what was held back goes before the rest
                    fresh = page[place + 1 :] + fresh
                    break

    def _choose(self, fresh: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """Part the candidates to look up next from the rest; those of categories full in the head are held back."""
        size = self.missing + SPARE
        if self._is_head_closed:
            return fresh[:size], fresh[size:]
        most, most_asked = self._most_of_category, self._most_of_category + SPARE_OF_CATEGORY
        room = {category: most_asked - number if number < most else 0 for category, number in self._in_category.items()}
        page: list[Candidate] = []
        hold_back = self._late.append
        for place, candidate in enumerate(fresh):
            left = room.get(candidate[2], most_asked)
            if left > 0:
                room[candidate[2]] = left - 1
                page.append(candidate)
                if len(page) == size:
                    return page, fresh[place + 1 :]
            else:
                hold_back(candidate)
        return page, []

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
