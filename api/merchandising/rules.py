"""The merchant's rules as lists obey them: pure, made of rules whose products are known.

hide   on no list; wins over every other rule
cap    at most so many of the first 20 slots, of a page of shelves on all of them, unless nothing else is left to sell
pin    a product, or the best one of a brand, a department or a kind, in a slot of the homepage or of one shelf
boost  stands where a product of a part of its place would: of place 12, a strength of 3 makes place 4
bury   the other way round
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_

from api.queries.catalogue import SellableProduct
from api.queries.ranked_list import StoredEntry
from api.queries.rules import Rule
from shop.tables import Product

CAPPED_SLOTS = 20
"""The slots that the value of a cap is meant for; of a shorter list's, a cap has as large a part, rounded up."""

PIN_CHOICES = 5
"""Products of a shopper's own list, and as many of everybody's, among which a pin looks for one that can be shown."""


RuleMark = tuple[int, str]
"""That a rule put a product where it is: its id and its action, plain as pages keep it."""


@dataclass(frozen=True)
class ResolvedRule:
    """A rule and the products that it means.

    Attributes:
        rule: the merchant's.
        product_ids: what it means; a category's rule goes by the products' category instead.
        stand_ins: of a pin, products for shoppers whose list has none of these, best first.
    """

    rule: Rule
    product_ids: Collection[int] = frozenset()
    stand_ins: Sequence[int] = ()

    def covers(self, product_id: int, category_id: int) -> bool:
        """Return whether the rule means a product."""
        return category_id == self.rule.target_id if self.is_of_category else product_id in self.product_ids

    @property
    def is_of_category(self) -> bool:
        """Whether the rule means all of a category."""
        return self.rule.target_kind == "category"

    @property
    def mark(self) -> RuleMark:
        """How a page names the rule."""
        return self.rule.rule_id, self.rule.action


class Pin(NamedTuple):
    """A slot, counted from 1, and who may have it: product ids and what is known of their reason, best first."""

    slot: int
    mark: RuleMark
    choices: Sequence[tuple[int, str]]


PINNED = "pinned"
"""Rung of a pinned product, and its reason where the shopper's list gives none."""


class AppliedRules:
    """The rules that hold at a moment. Never changed: another moment's are others."""

    def __init__(self, resolved: Iterable[ResolvedRule] = ()):
        """Take the rules that hold, in the order in which they were made."""
        self._resolved = list(resolved)
        self._hides = self._of("hide")
        self._pins = sorted(self._of("pin"), key=lambda each: each.rule.value or 0)
        self._moves = [
            (each, float(each.rule.value or 1) ** (1 if each.rule.action == "bury" else -1))
            for each in self._of("boost", "bury")
        ]
        self._caps = self._of("cap")
        self.hidden_categories = frozenset(each.rule.target_id or 0 for each in self._hides if each.is_of_category)
        """Categories that are on no list, whatever of them."""
        self._hidden_ids = frozenset[int]().union(*(each.product_ids for each in self._hides))

    @property
    def has_pins(self) -> bool:
        """Whether a slot of the homepage is given away."""
        return bool(self._pins)

    def hides(self, product_id: int, category_id: int) -> bool:
        """Return whether a product is on no list."""
        return product_id in self._hidden_ids or category_id in self.hidden_categories

    def keep_shown(self, products: Iterable[SellableProduct]) -> Iterable[SellableProduct]:
        """Leave out what is on no list."""
        if not self._hides:
            return products
        return (each for each in products if not self.hides(each.product_id, each.category_id))

    def arrange(self, entries: Iterable[StoredEntry]) -> Iterable[StoredEntry]:
        """Leave out what is hidden, move what is boosted up and what is buried down; the order of the rest stays."""
        if self._hides:
            entries = (entry for entry in entries if not self.hides(entry[0], entry[1]))
        if not self._moves:
            return entries
        listed = list(entries)
        return [listed[at] for at in sorted(range(len(listed)), key=lambda at: self._place(at + 1, listed[at]))]

    def list_marks(self, product_id: int, category_id: int) -> Sequence[RuleMark]:
        """Name the rules that move a product."""
        if not self._moves:
            return ()
        return [move.mark for move, _ in self._moves if move.covers(product_id, category_id)]

    @property
    def named_pins(self) -> Mapping[RuleMark, Collection[int]]:
        """The pins of one product or of its variants, and which products these are."""
        return {each.mark: each.product_ids for each in self._pins if each.rule.target_kind in ("product", "family")}

    def list_pins(self, entries: Sequence[StoredEntry], *, stands_in: bool = True) -> list[Pin]:
        """Say who may have which slot of a page, the first slot first.

        Args:
            entries: the shopper's list, best first.
            stands_in: whether another product may have a slot where the list holds none that may.
        """
        return [
            Pin(each.rule.value or 1, each.mark, _list_choices(each, entries, stands_in=stands_in))
            for each in self._pins
        ]

    def make_caps(self, num_slots: int) -> "Caps | None":
        """Begin to count what is capped in the first slots of a list, or on a page of lists; `None` without a cap."""
        return Caps(self._caps, num_slots) if self._caps else None

    @property
    def holds_back(self) -> bool:
        """Whether anything is hidden or capped."""
        return bool(self._hides or self._caps)

    def without_holds(self) -> "AppliedRules":
        """Return the same rules without those that hide or cap."""
        return AppliedRules(each for each in self._resolved if each.rule.action not in ("hide", "cap"))

    def find_held_back(
        self, free: Sequence[SellableProduct], shown: Sequence[SellableProduct]
    ) -> list[tuple[int, list[RuleMark]]]:
        """Say which slots a page would give to products that a rule hides, or caps in the first slots.

        Args:
            free: the page without these rules.
            shown: the page with them, as long.
        """
        caps = Caps(self._caps, min(len(shown), CAPPED_SLOTS))
        for product in shown[:CAPPED_SLOTS]:
            caps.count(product.product_id, product.category_id)
        in_head, held_back = {product.product_id for product in shown[:CAPPED_SLOTS]}, []
        for slot, product in enumerate(free, start=1):
            is_capped = slot <= CAPPED_SLOTS and product.product_id not in in_head
            holding = [*self._hides, *(caps.full if is_capped else ())]
            marks = [each.mark for each in holding if each.covers(product.product_id, product.category_id)]
            if marks:
                held_back.append((slot, marks))
        return held_back

    def list_conditions(self, caps: "Caps | None" = None) -> list[ColumnElement[bool]]:
        """Write, for a query of products, that neither hidden ones come nor those whose cap is full."""
        return [_is_other(each) for each in [*self._hides, *(caps.full if caps else ())]]

    def _of(self, *actions: str) -> list[ResolvedRule]:
        return [each for each in self._resolved if each.rule.action in actions]

    def _place(self, place: float, entry: StoredEntry) -> float:
        for move, factor in self._moves:
            if move.covers(entry[0], entry[1]):
                place *= factor
        return place


NO_RULES = AppliedRules()


class Caps:
    """How much of each cap the first slots of one list hold, or all lists of a page."""

    def __init__(self, caps: Sequence[ResolvedRule], num_slots: int):
        """Count nothing yet.

        Args:
            caps: rules of this action.
            num_slots: of the list, at most `CAPPED_SLOTS`.
        """
        self._caps = [(each, -(-(each.rule.value or 0) * num_slots // CAPPED_SLOTS)) for each in caps]
        self._counts = [0] * len(self._caps)

    def have_room(self, product_id: int, category_id: int) -> bool:
        """Return whether one more such product breaks no cap."""
        return not any(
            count >= most and cap.covers(product_id, category_id)
            for (cap, most), count in zip(self._caps, self._counts, strict=True)
        )

    def count(self, product_id: int, category_id: int) -> None:
        """Note that a slot holds such a product."""
        for at, (cap, _) in enumerate(self._caps):
            self._counts[at] += cap.covers(product_id, category_id)

    def fork(self) -> "Caps":
        """Return a copy that counts on its own."""
        other = copy(self)
        other._counts = list(self._counts)
        return other

    @property
    def full(self) -> list[ResolvedRule]:
        """The caps that take no more."""
        return [cap for (cap, most), count in zip(self._caps, self._counts, strict=True) if count >= most]


def _list_choices(pin: ResolvedRule, entries: Sequence[StoredEntry], *, stands_in: bool) -> list[tuple[int, str]]:
    own = [(entry[0], entry[3]) for entry in entries if pin.covers(entry[0], entry[1])][:PIN_CHOICES]
    if not stands_in:
        return own
    known = {product_id for product_id, _ in own}
    return own + [(each, PINNED) for each in pin.stand_ins if each not in known]


def _is_other(rule: ResolvedRule) -> ColumnElement[bool]:
    """Write that a product is none of those that a rule means."""
    kind, target = rule.rule.target
    if kind == "category":
        return Product.category_id != target
    if kind in ("product", "family"):
        return Product.product_id.not_in(rule.product_ids)
    column = Product.brand if kind == "brand" else Product.product_type
    return or_(column.is_(None), column != target)
