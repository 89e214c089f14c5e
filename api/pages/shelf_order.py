"""In which order shelves stand: by rule, or by what shoppers of a kind clicked and ordered, with a little exploration.

The best-liked shelf stands first. For a share of shoppers one pair of neighbouring shelves is exchanged, so that each
shelf has a known propensity at each place, and orders that were not shown can be estimated from what was (item-position
model of Li et al., "Offline Evaluation of Ranking Policies with Click Models", 2018; tried in `benchmarks/shelves.py`).
Whom it meets is drawn from the shopper and the day: a page that is loaded again stands as it stood. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from api.queries.shelf_statistics import ShelfStatistics
from shop.tables import GUEST, name_shopper_kind

STEPS = 1000
"""Propensities are whole steps of this part, as events keep them."""


@dataclass(frozen=True)
class OrderRules:
    """What an installation may choose about the order of shelves.

    Attributes:
        least_clicks: below so many clicks the rule orders, and nothing is explored.
        explored: share of shoppers for whom one pair of neighbours is exchanged, from 0 to `shop.tables.MOST_EXPLORED`.
    """

    least_clicks: int = 1000
    explored: float = 0.05


@dataclass(frozen=True)
class ShelfPolicy:
    """The distribution over orders of a page's shelves.

    Attributes:
        best: the order without exploration.
        explored: share of shoppers for whom one pair of neighbours is exchanged, from 0 to `shop.tables.MOST_EXPLORED`.
    """

    best: Sequence[str]
    explored: float = 0.0

    def draw(self, user_id: int | None, now: datetime) -> list[str]:
        """Return the order that a shopper sees on a day (UTC)."""
        order, drawn = list(self.best), _draw(user_id, now)
        if drawn < self._steps_of_pair * (len(order) - 1):
            at = drawn // self._steps_of_pair
            order[at], order[at + 1] = order[at + 1], order[at]
        return order

    def propensity(self, code: str, place: int) -> float:
        """Return the share of shoppers who see a shelf at a place, from 0."""
        at, last = self.best.index(code), len(self.best) - 1
        if abs(place - at) == 1 and 0 <= place <= last:
            return self._steps_of_pair / STEPS
        return (STEPS - self._steps_of_pair * ((at > 0) + (at < last))) / STEPS if place == at else 0.0

    @property
    def _steps_of_pair(self) -> int:
        """The share of shoppers for whom one given pair is exchanged, in steps."""
        return int(STEPS * self.explored + 1e-9) // (len(self.best) - 1) if len(self.best) > 1 else 0


def find_kind(ordered_at: Iterable[datetime], now: datetime, *, is_known: bool) -> str:
    """Name the kind of shoppers whose clicks order a page.

    Args:
        ordered_at: instants of the shopper's orders, the last one among them.
        now: the page's instant.
        is_known: whether the shop has the shopper.
    """
    last_at = max(ordered_at, default=None)
    days = None if last_at is None else (now - last_at) / timedelta(days=1)
    return name_shopper_kind(is_known=is_known, days_since_order=days)


def make_policy(
    by_rule: Sequence[str], statistics: ShelfStatistics, kind: str, rules: OrderRules, now: datetime
) -> ShelfPolicy:
    """Make the policy of a page: the rule's order until enough was clicked, and where nobody counts any more.

    Args:
        by_rule: the page's shelves in the order by rule, which also decides between equals.
        statistics: what shoppers did.
        kind: of the shopper; for guests, whom nothing tells apart, nothing is explored.
        rules: what the installation chose.
        now: the page's instant.
    """
    if statistics.num_clicks < rules.least_clicks or not statistics.is_recent(now):
        return ShelfPolicy(by_rule)
    best = sorted(by_rule, key=lambda code: -statistics.rate(code, kind))
    return ShelfPolicy(best, 0.0 if kind == GUEST else rules.explored)


def _draw(user_id: int | None, now: datetime) -> int:
    """Return one of STEPS numbers, the same for a shopper all day."""
    drawn = blake2b(f"{user_id}:{now:%Y-%m-%d}".encode(), digest_size=8, person=b"shelf order").digest()
    return int.from_bytes(drawn, "big") % STEPS
