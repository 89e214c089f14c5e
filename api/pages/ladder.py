"""Fallback chain: fills a page from one rung after another, best first, without holes and without repeats.

Of a family the page shows one product: the first that can be sold. Its other variants make room for what follows.
The first slots hold at most a share of one category, as long as other products can be had, and at most a few products
that a coupon lifted. Pure but for the catalogue that it is given; which rungs there are, and when, is decided in
`api/pages/home.py`.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import StoredEntry

HEAD_SLOTS = 20
"""The slots that the rules of category and coupon look at; on a shorter page, all of them."""

LIFTED_SLOTS = 2
"""Products that coupons may lift into a head of `HEAD_SLOTS`; on a shorter page, fewer in proportion."""

LEAST_OF_CATEGORY = 2
"""A category may have this many slots on the shortest page, where a share of the slots would be less than two."""

SPARE = 2
"""Products asked beyond those missing, and of one category beyond what the head can take, so that a few sold-out ones
need no second query."""

FetchSellable = Callable[[Sequence[int]], Awaitable[Mapping[int, SellableProduct | None]]]


Candidate = tuple[int, int, int, str, str]
"""What a rung proposes: turn on the page, product_id, category_id, rung, reason. Plain, as a page may see hundreds."""


class RankedProduct(NamedTuple):
    """A product on the page, the rung that it came from, and why it was ranked there."""

    product: SellableProduct
    rung: str
    reason: str
    is_lifted: bool = False


class Ladder:
    """Picks for one page of `limit` products."""

    def __init__(
        self,
        limit: int,
        fetch_sellable: FetchSellable,
        without: Iterable[int] = (),
        category_share: float = 1.0,
        restricted: Collection[int] = frozenset(),
        without_families: Iterable[int] = (),
    ):
        """Start with an empty page.

        Args:
            limit: products wanted.
            fetch_sellable: gives those of some product ids that can be sold now; the others absent or `None`.
            without: products that must not be on the page.
            category_share: most of the first slots that one category may have, above 0 and at most 1.
            restricted: categories that must not be on the page.
            without_families: families that must not be on the page.
        """
        self._limit = limit
        self._head = min(limit, HEAD_SLOTS)
        self._most_of_category = max(LEAST_OF_CATEGORY, int(category_share * self._head + 1e-9))
        self._fetch_sellable = fetch_sellable
        self._met = set(without)
        self._restricted = restricted
        self._families = set(without_families)
        self._num_variants_left_out = 0
        self._in_category: dict[int, int] = {}
        self._lifted: list[RankedProduct] = []
        self._late: list[Candidate] = []
        self._is_head_closed = False
        self.ranked_products: list[RankedProduct] = []

    @property
    def missing(self) -> int:
        """Products that the page still lacks."""
        return self._limit - len(self.ranked_products) - len(self._lifted)

    @property
    def met(self) -> set[int]:
        """Products that came by, on the page or not."""
        return self._met

    @property
    def families(self) -> set[int]:
        """Families that the page takes no more of."""
        return self._families

    @property
    def full_categories(self) -> list[int]:
        """Categories that the page cannot take more of: restricted ones, and in the head those that are full."""
        if self._is_head_closed:
            return list(self._restricted)
        return [*self._restricted] + [
            category for category, number in self._in_category.items() if number >= self._most_of_category
        ]

    async def lift(self, entries: Sequence[StoredEntry], has_coupon: Callable[[int, int], bool]) -> None:
        """Reserve the last slots of the head for the best products with a coupon that would stand below it.

        Args:
            entries: the user's list, best first.
            has_coupon: tells whether a coupon speaks for a product, by its id and category.
        """
        slots = self._head * LIFTED_SLOTS // HEAD_SLOTS
        above = [entry[0] for entry in entries[: self._head - slots] if entry[0] not in self._met]
        below = [entry for entry in entries[self._head - slots :] if entry[0] not in self._met]
        wanted = [entry for entry in below if has_coupon(entry[0], entry[1])][: slots + SPARE]
        if not slots or not wanted:
            return
        sellable = await self._fetch_sellable(above + [entry[0] for entry in wanted])
        variants_above = {product.family_id for each in above if (product := sellable.get(each))} - {None}
        for product_id, _, _, reason in wanted:
            product = sellable.get(product_id)
            if product is None or len(self._lifted) == slots or self._has_no_room(product):
                continue
            if product.family_id in variants_above or product.family_id in self._families:
                continue
            self._met.add(product_id)
            self._note_family(product)
            self._in_category[product.category_id] = self._in_category.get(product.category_id, 0) + 1
            self._lifted.append(RankedProduct(product, "published", reason, is_lifted=True))

    async def step(self, rung: str, entries: Iterable[StoredEntry]) -> None:
        """Fill up from a rung's list, in its order, as far as its products can be sold."""
        coming = self._propose(rung, entries)
        while self.missing and (page := self._choose(coming)):
            self._place(page, await self._fetch_sellable([candidate[1] for candidate in page]))

    def take(self, rung: str, products: Iterable[SellableProduct], reason: str) -> None:
        """Fill up with products that are known to be sellable."""
        sellable = {product.product_id: product for product in products}
        entries = ((product.product_id, product.category_id, 0.0, reason) for product in sellable.values())
        if self.missing:
            self._place(list(self._propose(rung, entries)), sellable)

    async def finish(self) -> None:
        """Complete the head with what its rule held back: a page is never left with holes for the sake of variety."""
        self._close_head()
        await self.step("", [])

    def _propose(self, rung: str, entries: Iterable[StoredEntry]) -> Iterator[Candidate]:
        """Yield the products that did not come by before, one when asked for one: few pages need a whole list."""
        met, restricted = self._met, self._restricted
        for product_id, category_id, _, reason in entries:
            if product_id not in met and category_id not in restricted:
                met.add(product_id)
                yield len(met), product_id, category_id, rung, reason

    def _choose(self, coming: Iterator[Candidate]) -> list[Candidate]:
        """Take what to look up next, as few as will do: what was held back and has room now, then what comes.

        What comes of a category that is full in the head is held back.
        """
        waiting = iter(sorted(self._late))
        wanted = self.missing + SPARE + self._num_variants_left_out
        if self._is_head_closed:
            page = list(islice(chain(waiting, coming), wanted))
            self._late = list(waiting)
            return page
        page, self._late = [], []
        full = self._most_of_category
        most = full + SPARE
        asked = {category: number if number < full else most for category, number in self._in_category.items()}
        for candidate in chain(waiting, coming):
            number = asked.get(candidate[2], 0)
            if number == most:
                self._late.append(candidate)
                continue
            asked[candidate[2]] = number + 1
            page.append(candidate)
            if len(page) == wanted:
                break
        self._late += waiting
        return page

    def _place(self, page: list[Candidate], sellable: Mapping[int, SellableProduct | None]) -> None:
        """Put candidates into the next slots, as long as there are any.

        What is of a category that is full in the head is held back. Once the head is complete, what was held back goes
        before the rest.
        """
        ranked_products, in_category, full = self.ranked_products, self._in_category, self._most_of_category
        is_head = not self._is_head_closed
        slots = self.missing - (self._limit - self._head if is_head else 0)
        for place, (turn, product_id, _, rung, reason) in enumerate(page, 1):
            product = sellable.get(product_id)
            if product is None or product.category_id in self._restricted:
                continue
            if product.family_id in self._families:
                self._num_variants_left_out += 1
                continue
            if is_head:
                category_id = product.category_id
                number = in_category.get(category_id, 0)
                if number == full:
                    self._late.append((turn, product_id, category_id, rung, reason))
                    continue
                in_category[category_id] = number + 1
            self._note_family(product)
            ranked_products.append(RankedProduct(product, rung, reason))
            slots -= 1
            if slots == 0 and is_head:
                self._close_head()
                is_head, slots = False, self.missing
                if self._late:
                    self._late += page[place:]
                    return
            if slots == 0:
                return

    def _close_head(self) -> None:
        self._is_head_closed = True
        self.ranked_products += self._lifted
        self._lifted = []

    def _note_family(self, product: SellableProduct) -> None:
        if product.family_id is not None:
            self._families.add(product.family_id)

    def _has_no_room(self, product: SellableProduct) -> bool:
        category_id = product.category_id
        return category_id in self._restricted or self._in_category.get(category_id, 0) >= self._most_of_category
