"""What each shelf proposes to show, best first, and in which order shelves stand by rule. Pure: what was read comes in.

buy_again           what the shopper ordered before: what is due by the shopper's own interval, then the rest
new_for_you         of the shopper's list, what the shopper never bought
because_you_bought  what others bought together with a recent purchase, and the shopper never bought
with_coupons        of the shopper's list, what a coupon of the shopper's is for
popular             popular everywhere; the one shelf that is always there
just_in             newest in the batch
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from api.queries.coupons import HeldCoupon, find_targets
from api.queries.published import SharedLists
from api.queries.purchases import Habit
from api.queries.ranked_list import BOUGHT_BEFORE, BOUGHT_TOGETHER, Entry, StoredEntry

BUY_AGAIN, NEW_FOR_YOU, BECAUSE_YOU_BOUGHT = "buy_again", "new_for_you", "because_you_bought"
WITH_COUPONS, POPULAR, JUST_IN = "with_coupons", "popular", "just_in"

RULE_ORDER = (BUY_AGAIN, NEW_FOR_YOU, BECAUSE_YOU_BOUGHT, WITH_COUPONS, POPULAR, JUST_IN)

RECENT_DAYS = 56
"""How long a purchase may be quoted as the reason of a shelf, in days."""

MOST_ANCHORS = 12
SELDOM = 2
"""Orders up to which a purchase is notable: who buys milk each week needs not be told what goes with it."""

LEAST_TOGETHER = 4
"""Products that must go with a purchase for it to be quoted."""


class Rung(NamedTuple):
    """Products to show, best first, and the rung that they come from."""

    name: str
    entries: Sequence[StoredEntry]


@dataclass(frozen=True)
class Proposal:
    """What a shelf would show if nothing else stood on the page.

    Attributes:
        rungs: in their order.
        is_varied: whether one category may only have a share of the shelf.
        anchor: the purchase that the shelf quotes.
    """

    rungs: Sequence[Rung]
    is_varied: bool = True
    anchor: int | None = None

    @property
    def entries(self) -> Iterator[StoredEntry]:
        """All that it would show, best first."""
        return chain.from_iterable(rung.entries for rung in self.rungs)


@dataclass(frozen=True)
class Material:
    """What is known for a page.

    Attributes:
        now: the page's instant.
        listed: the shopper's list.
        habits: the shopper's purchases by product, most often bought first.
        coupons: what the shopper can redeem now.
        together: by anchor, in their order, what goes with it; of `choose_anchors`.
        shared: the lists for everybody.
    """

    now: datetime
    listed: Rung
    habits: Mapping[int, Habit] = field(default_factory=dict)
    coupons: Sequence[HeldCoupon] = ()
    together: Mapping[int, Sequence[Entry]] = field(default_factory=dict)
    shared: SharedLists = field(default_factory=SharedLists)


def order_shelves(codes: Collection[str]) -> list[str]:
    """Order shelves by rule: so they are filled, and so they stand until shoppers have clicked enough."""
    return sorted(codes, key=RULE_ORDER.index)


def propose_shelves(material: Material) -> dict[str, Proposal]:
    """Say for each shelf what it would show; those that have nothing are absent, but for the popular one."""
    name, listed = material.listed
    new = [entry for entry in listed if entry[0] not in material.habits]
    targets = find_targets(material.coupons)
    covered = [entry for entry in listed if targets.cover(entry[0], entry[1])]
    proposals = {
        BUY_AGAIN: Proposal([Rung(name, _list_due(listed, material))], is_varied=False),
        NEW_FOR_YOU: Proposal([Rung(name, new)]),
        BECAUSE_YOU_BOUGHT: _quote_purchase(material),
        WITH_COUPONS: Proposal([Rung(name, covered)], is_varied=False),
        JUST_IN: Proposal([Rung("newest", material.shared.newest)]),
    }
    found = {code: each for code, each in proposals.items() if any(rung.entries for rung in each.rungs)}
    return found | {POPULAR: Proposal([Rung(POPULAR, material.shared.popular), Rung("newest", material.shared.newest)])}


def choose_anchors(habits: Mapping[int, Habit], now: datetime) -> list[int]:
    """Choose purchases that a shelf might quote: recent ones, those first that are no routine, newest first."""
    since = now - timedelta(days=RECENT_DAYS)
    recent = [(product_id, habit) for product_id, habit in habits.items() if habit.last_at > since]
    recent.sort(key=lambda each: (each[1].num_orders > SELDOM, now - each[1].last_at))
    return [product_id for product_id, _ in recent[:MOST_ANCHORS]]


def _list_due(listed: Sequence[StoredEntry], material: Material) -> list[StoredEntry]:
    """List earlier purchases: in the order of the list, then what is bought most often; due ones first."""
    habits = material.habits
    known = {entry[0]: entry for entry in listed if entry[0] in habits}
    regular = [product_id for product_id, habit in habits.items() if habit.num_orders > 1 and product_id not in known]
    entries = [*known.values(), *(Entry(product_id, 0, 0.0, BOUGHT_BEFORE) for product_id in regular)]
    return sorted(entries, key=lambda entry: habits[entry[0]].find_due(timedelta()) > material.now)


def _quote_purchase(material: Material) -> Proposal:
    """Propose what goes with the first purchase that enough goes with."""
    for anchor, entries in material.together.items():
        new = [each for each in entries if each.reason == BOUGHT_TOGETHER and each.product_id not in material.habits]
        if len(new) >= LEAST_TOGETHER:
            return Proposal([Rung("neighbours", new)], is_varied=False, anchor=anchor)
    return Proposal([])
