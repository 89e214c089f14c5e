"""Fallback chain: fills a page from one rung after another, best first, without holes and without repeats.

Of a family the page shows the first product that can be sold; its other variants make room for what follows.
The first slots hold at most a share of one category and of earlier purchases, as long as other products can be had
(`api/pages/head_rule.py`), and at most a few products that a coupon lifted. The merchant's rules say what is left out,
moved, capped or pinned (`api/merchandising/rules.py`). Pure but for the catalogue; its callers decide on the rungs.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from sqlalchemy import ColumnElement

from api.merchandising.rules import NO_RULES, PINNED, AppliedRules, Caps, Pin, RuleMark
from api.pages.head_rule import HeadRule
from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import BOUGHT_BEFORE, StoredEntry

HEAD_SLOTS = 20
"""The slots that the rules of category, repeat and coupon look at; on a shorter page, all of them."""

LIFTED_SLOTS = 2
"""Products that coupons may lift into a head of `HEAD_SLOTS`; on a shorter page, fewer in proportion."""

SPARE = 2
"""Products asked beyond those missing, and beyond a share that the head can take, so that a few sold-out ones
need no second query."""

FetchSellable = Callable[[Sequence[int]], Awaitable[Mapping[int, SellableProduct | None]]]


Candidate = tuple[int, int, int, str, str]
"""What a rung proposes: turn on the page, product_id, category_id, rung, reason. Plain, as a page may see hundreds."""


class RankedProduct(NamedTuple):
    """A product on the page, the rung that it came from, why it was ranked there, and which rules moved it."""

    product: SellableProduct
    rung: str
    reason: str
    is_lifted: bool = False
    rules: Sequence[RuleMark] = ()


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
        repeat_share: float = 1.0,
        rules: AppliedRules = NO_RULES,
        page_caps: Caps | None = None,
    ):
        """Start with an empty page.

        Args:
            limit: products wanted.
            fetch_sellable: gives those of some product ids that can be sold now; the others absent or `None`.
            without: products that must not be on the page.
            category_share: most of the first slots that one category may have, above 0 and at most 1.
            restricted: categories that must not be on the page.
            without_families: families that must not be on the page.
            repeat_share: most of the first slots that earlier purchases may have.
            rules: the merchant's.
            page_caps: of a page that this list is a part of, which hold in all slots; `None` = of its own first slots.
        """
        self._limit = limit
        self._head = min(limit, HEAD_SLOTS)
        self._rule = HeadRule(self._head, category_share, repeat_share)
        self._fetch_sellable = fetch_sellable
        self._met = set(without)
        self._restricted = {*restricted, *rules.hidden_categories}
        self._families = set(without_families)
        self._rules = rules
        self._caps = page_caps or rules.make_caps(self._head)
        self._caps_hold, self._is_part = self._caps is not None, page_caps is not None
        self._wanted_pins: list[Pin] = []
        self._pinned: list[tuple[int, RankedProduct]] = []
        self._pinned_ids: set[int] = set()
        self._num_variants_left_out = 0
        self._lifted: list[RankedProduct] = []
        self._late: list[Candidate] = []
        self._not_asked: dict[tuple[int, ...], Candidate] = {}
        self._is_head_closed = False
        self.ranked_products: list[RankedProduct] = []

    @property
    def missing(self) -> int:
        """Products that the page still lacks."""
        return self._limit - len(self.ranked_products) - len(self._lifted) - len(self._pinned)

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
        return [*self._restricted, *self._rule.full_categories]

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What a query of products has to hold to, so that the page can take what it finds: the merchant's rules."""
        return self._rules.list_conditions(self._caps if self._caps_hold else None)

    def pin(self, pins: Iterable[Pin]) -> None:
        """Reserve the slots that the merchant gave away; the next look at the shop finds out who can have them."""
        self._wanted_pins = [
            pin._replace(choices=[choice for choice in pin.choices if choice[0] not in self._met])
            for pin in pins
            if pin.slot <= self._head
        ]

    async def lift(
        self, entries: Sequence[StoredEntry], has_coupon: Callable[[int, int], bool], rung: str = "published"
    ) -> None:
        """Reserve the last slots of the head for the best products with a coupon that would stand below it.

        Args:
            entries: the user's list, best first.
            has_coupon: tells whether a coupon speaks for a product, by its id and category.
            rung: that the list is of.
        """
        slots = self._head * LIFTED_SLOTS // HEAD_SLOTS
        entries, num_above = list(self._rules.arrange(entries)), max(0, self._head - slots - len(self._wanted_pins))
        above = [entry[0] for entry in entries[:num_above] if entry[0] not in self._met]
        below = (entry for entry in entries[num_above:] if entry[0] not in self._met)
        wanted = list(islice((entry for entry in below if has_coupon(entry[0], entry[1])), slots + SPARE))
        if not slots or not wanted:
            return
        sellable = await self._look_up(above + [entry[0] for entry in wanted])
        variants_above = {product.family_id for each in above if (product := sellable.get(each))} - {None}
        for product_id, _, _, reason in wanted:
            product = sellable.get(product_id)
            if product is None or len(self._lifted) == slots or self._has_no_room(product, reason):
                continue
            if product.family_id in variants_above:
                continue
            self._note(product, reason)
            marks = self._rules.list_marks(product_id, product.category_id)
            self._lifted.append(RankedProduct(product, rung, reason, is_lifted=True, rules=marks))

    async def step(self, rung: str, entries: Iterable[StoredEntry]) -> None:
        """Fill up from a rung's list, in its order, as far as its products can be sold."""
        coming = self._propose(rung, entries)
        while self.missing and (page := self._choose(coming)):
            self._place(page, await self._look_up([candidate[1] for candidate in page]))
        if self._wanted_pins:
            await self._look_up([])

    def take(self, rung: str, products: Iterable[SellableProduct], reason: str) -> None:
        """Fill up with products that are known to be sellable."""
        sellable = {product.product_id: product for product in products}
        entries = ((product.product_id, product.category_id, 0.0, reason) for product in sellable.values())
        if self.missing:
            self._place(list(self._propose(rung, entries)), sellable)

    async def finish(self) -> None:
        """Complete the head with what its rule held back: a page is never left with holes for the sake of variety."""
        if not self._is_head_closed:
            self._rule.take_all_repeats()
            await self.step("", [])
        self._close_head()
        await self.step("", [])

    async def release_caps(self) -> None:
        """Take what a page's caps held back: they give way where nothing else is left to sell."""
        self._caps_hold = False
        await self.step("", [])

    def _propose(self, rung: str, entries: Iterable[StoredEntry]) -> Iterator[Candidate]:
        """Yield the products that did not come by before, one when asked for one: few pages need a whole list."""
        met, restricted = self._met, self._restricted
        for product_id, category_id, _, reason in self._rules.arrange(entries):
            if product_id not in met and category_id not in restricted:
                met.add(product_id)
                yield len(met), product_id, category_id, rung, reason

    def _choose(self, coming: Iterator[Candidate]) -> list[Candidate]:
        """Take what to look up next, as few as will do: what was held back and has room now, then what comes.

        What the head has no room for is held back.
        """
        waiting = iter(sorted(self._late))
        wanted = self.missing + SPARE + self._num_variants_left_out
        if self._is_head_closed and not self._caps_hold:
            page = list(islice(chain(waiting, coming), wanted))
            self._late = list(waiting)
            return page
        page, self._late, self._not_asked = [], [], {}
        rule, asked = self._rule, self._rule.fork(SPARE)
        late, is_closed, has_caps = self._late, self._is_head_closed, self._caps_hold
        full, fully_asked, takes_no_repeat = rule.full_categories, asked.full_categories, rule.is_full_of_repeats
        for candidate in chain(waiting, coming):
            turn, product_id, category_id, _, reason = candidate
            is_repeat = reason == BOUGHT_BEFORE
            if not is_closed and (category_id in full or (is_repeat and takes_no_repeat)):
                late.append(candidate)
                continue
            if has_caps and not self._has_capped_room(product_id, category_id):
                late.append(candidate)
                continue
            if not is_closed and (category_id in fully_asked or (is_repeat and asked.is_full_of_repeats)):
                late.append(candidate)
                kind = (turn,) if has_caps else (category_id, is_repeat)
                self._not_asked.setdefault(kind, candidate)
                continue
            asked.count(category_id, reason)
            page.append(candidate)
            if len(page) == wanted:
                break
        self._late += waiting
        return page

    def _place(self, page: list[Candidate], sellable: Mapping[int, SellableProduct | None]) -> None:
        """Put candidates into the next slots, as long as there are any.

        What the head has no room for is held back. Once the head is complete, what was held back goes before the rest;
        so does a product that was not asked for, when those of its category that were cannot be sold.
        """
        ranked_products, rule = self.ranked_products, self._rule
        is_head = not self._is_head_closed
        slots = self.missing - (self._limit - self._head if is_head else 0)
        if slots == 0:  # pins have the whole head
            self._close_head()
            self._late += page
            return
        for place, (turn, product_id, _, rung, reason) in enumerate(page, 1):
            if is_head and self._not_asked and self._is_anything_due_before(turn):
                self._late += page[place - 1 :]
                return
            product = sellable.get(product_id)
            if product is None or product.category_id in self._restricted or product_id in self._pinned_ids:
                continue
            if product.family_id in self._families:
                self._num_variants_left_out += 1
                continue
            category_id = product.category_id
            has_room = not is_head or rule.takes(category_id, reason)
            if not (has_room and self._has_capped_room(product_id, category_id)):
                self._late.append((turn, product_id, category_id, rung, reason))
                continue
            self._note(product, reason)
            marks = self._rules.list_marks(product_id, category_id)
            ranked_products.append(RankedProduct(product, rung, reason, rules=marks))
            slots -= 1
            if slots == 0 and is_head:
                self._close_head()
                is_head, slots = False, self.missing
                if self._late:
                    self._late += page[place:]
                    return
            if slots == 0:
                return

    def _is_anything_due_before(self, turn: int) -> bool:
        """Return whether a product was not asked for that comes before a turn and has room in the head."""
        if next(iter(self._not_asked.values()))[0] >= turn:  # the first of them stands first
            return False
        return any(
            earlier < turn and self._rule.takes(category_id, reason) and self._has_capped_room(product_id, category_id)
            for earlier, product_id, category_id, _, reason in self._not_asked.values()
        )

    def _close_head(self) -> None:
        self._is_head_closed = True
        self._caps_hold = self._caps_hold and self._is_part
        self.ranked_products += self._lifted
        for slot, ranked in self._pinned:
            self.ranked_products.insert(slot - 1, ranked)
        self._lifted, self._pinned = [], []

    async def _look_up(self, product_ids: list[int]) -> Mapping[int, SellableProduct | None]:
        """Find out which products can be sold; the first time also those that may be pinned, which are then placed."""
        pins, self._wanted_pins = self._wanted_pins, []
        choices = [product_id for pin in pins for product_id, _ in pin.choices]
        sellable = await self._fetch_sellable(product_ids + choices)
        for pin in pins:
            found = ((sellable.get(product_id), reason) for product_id, reason in pin.choices)
            for product, reason in found:
                if product is not None and self._may_be_pinned(product):
                    self._note(product, reason)
                    self._pinned_ids.add(product.product_id)
                    self._pinned.append((pin.slot, RankedProduct(product, PINNED, reason, rules=[pin.mark])))
                    break
        return sellable

    def _note(self, product: SellableProduct, reason: str) -> None:
        """Note that the page holds a product."""
        self._met.add(product.product_id)
        if product.family_id is not None:
            self._families.add(product.family_id)
        if not self._is_head_closed:
            self._rule.count(product.category_id, reason)
        if self._caps is not None:
            self._caps.count(product.product_id, product.category_id)

    def _has_capped_room(self, product_id: int, category_id: int) -> bool:
        return not self._caps_hold or self._caps is None or self._caps.have_room(product_id, category_id)

    def _may_be_pinned(self, product: SellableProduct) -> bool:
        """Return whether a slot may be given to a product; a full share of its category does not keep it out."""
        product_id, category_id = product.product_id, product.category_id
        is_there = product_id in self._pinned_ids or product.family_id in self._families
        is_out = category_id in self._restricted or self._rules.hides(product_id, category_id)
        return not (is_there or is_out) and self._has_capped_room(product_id, category_id)

    def _has_no_room(self, product: SellableProduct, reason: str) -> bool:
        """Return whether the head has a slot for a product only if it is pinned."""
        return not (self._rule.takes(product.category_id, reason) and self._may_be_pinned(product))
