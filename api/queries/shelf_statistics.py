"""Engagement with shelves by kind of shoppers, as a batch keeps it (`serving/batch/shelf_statistics.py`). Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from api.web.metrics import count_unusable

SHRINKAGE = 500
"""Impressions that the shop's own rate of a shelf counts as beside those of a kind of shoppers."""

ORDER_WEIGHT = 5.0
"""Clicks that an order is worth."""

LONGEST_KEPT = timedelta(days=7)
"""Statistics of earlier events order no page: nobody counts any more, and what was liked may have changed."""


class Engagement(NamedTuple):
    """What became of the impressions of a shelf's products."""

    impressions: int = 0
    clicks: int = 0
    orders: int = 0

    @property
    def worth(self) -> float:
        """Clicks, and orders as so many clicks."""
        return self.clicks + ORDER_WEIGHT * self.orders


@dataclass(frozen=True)
class ShelfStatistics:
    """Engagement by shelf, of each kind of shoppers; what all of them did is their sum.

    Attributes:
        of_kind: engagement by kind and shelf.
        until: events before this instant were counted; `None` if none were.
    """

    of_kind: Mapping[str, Mapping[str, Engagement]] = field(default_factory=dict)
    until: datetime | None = None

    @property
    def num_clicks(self) -> int:
        """Clicks on any shelf."""
        return sum(each.clicks for shelves in self.of_kind.values() for each in shelves.values())

    def is_recent(self, now: datetime) -> bool:
        """Return whether they may still order pages."""
        return self.until is not None and self.until > now - LONGEST_KEPT

    def rate(self, code: str, kind: str) -> float:
        """Return the worth of an impression: a kind's own, drawn towards the shelf's, that towards all shelves'."""
        every = [(each, found) for shelves in self.of_kind.values() for each, found in shelves.items()]
        mean = _rate(found for _, found in every)
        of_shelf = _rate((found for each, found in every if each == code), mean)
        return _rate([self.of_kind.get(kind, {}).get(code, Engagement())], of_shelf)


NO_STATISTICS = ShelfStatistics()


def parse_shelf_statistics(text: str | bytes | None) -> ShelfStatistics:
    """Read what a batch keeps; what cannot be used is counted, and none at all."""
    if text is None:
        return NO_STATISTICS
    try:
        return _read(orjson.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        count_unusable("shelf_statistics", text)
        return NO_STATISTICS


def _read(kept: Any) -> ShelfStatistics:
    """Check and convert.

    Raises:
        ValueError, TypeError, KeyError: it is not what a batch keeps.
    """
    if kept is None:
        return NO_STATISTICS
    until, of_kind = datetime.fromisoformat(kept["until"]), dict[str, dict[str, Engagement]]()
    if until.tzinfo is None:
        raise ValueError("an instant without a time zone")
    for kind, code, *counts in kept["engagement"]:
        engagement = Engagement(*counts)
        if not all(isinstance(each, int) and 0 <= each <= engagement.impressions for each in counts):
            raise ValueError("no counts")
        of_kind.setdefault(kind, {})[code] = engagement
    return ShelfStatistics(of_kind, until)


def _rate(found: Iterable[Engagement], prior: float = 0.0) -> float:
    impressions, worth = 0, 0.0
    for each in found:
        impressions, worth = impressions + each.impressions, worth + each.worth
    return (worth + SHRINKAGE * prior) / (impressions + SHRINKAGE)
