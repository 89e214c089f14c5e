"""The merchant's rules on a page of shelves: a cap counts on all shelves together, a pin stands on one of them.

A pin belongs on the first shelf that may show what it means: one that proposes such a product for this shopper, or the
popular one, which may show anything. It stands in its slot of that shelf, or last where the shelf is shorter.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.merchandising.rules import CAPPED_SLOTS, PINNED, AppliedRules, Caps, Pin, RuleMark
from api.pages.ladder import RankedProduct
from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import StoredEntry


class ShelfRules(NamedTuple):
    """What the rules ask of one shelf.

    Attributes:
        pins: that belong on it, if their products can be sold.
        caps: of the whole page, with what the shelves before hold.
        families: whose pinned variant belongs on a later shelf.
    """

    pins: Sequence[Pin]
    caps: Caps | None
    families: frozenset[int]


class RulesOfShelves:
    """What the merchant's rules still ask of a page, shelf by shelf."""

    def __init__(self, rules: AppliedRules, limit: int):
        """Begin an empty page.

        Args:
            rules: the merchant's.
            limit: most products of a shelf.
        """
        self._rules = rules
        self._limit = limit
        self._caps = rules.make_caps(CAPPED_SLOTS)
        self._placed: set[RuleMark] = set()
        self._families: dict[RuleMark, frozenset[int]] = {}

    @property
    def pinned_ids(self) -> list[int]:
        """The products that pins name one by one or as variants: the page has to know their families."""
        return [product_id for ids in self._rules.named_pins.values() for product_id in ids]

    def reserve(self, products: Iterable[SellableProduct]) -> None:
        """Keep the families of pinned products for these: a page shows a family as its pinned variant.

        Args:
            products: those of `pinned_ids` that the page may show.
        """
        family_of = {product.product_id: product.family_id for product in self._rules.keep_shown(products)}
        for mark, ids in self._rules.named_pins.items():
            families = (family_of.get(each) for each in ids)
            self._families[mark] = frozenset(each for each in families if each is not None)

    def begin(self, entries: Iterable[StoredEntry], *, shows_anything: bool) -> ShelfRules:
        """Say what holds on the next shelf.

        Args:
            entries: what it proposes.
            shows_anything: whether it may show other products too.
        """
        proposed = list(entries) if self._rules.has_pins else []
        pins = [
            pin._replace(slot=min(pin.slot, self._limit))
            for pin in self._rules.list_pins(proposed, stands_in=shows_anything)
            if pin.choices and pin.mark not in self._placed
        ]
        here = self._placed | {pin.mark for pin in pins}
        later = (families for mark, families in self._families.items() if mark not in here)
        return ShelfRules(pins, self._caps.fork() if self._caps else None, frozenset[int]().union(*later))

    def keep(self, shelf: ShelfRules, ranked_products: Iterable[RankedProduct]) -> None:
        """Note what a shelf that stays on the page holds."""
        self._caps = shelf.caps
        self._placed |= {mark for ranked in ranked_products if ranked.rung == PINNED for mark in ranked.rules}
