"""Prometheus metrics of an API process."""

import logging
from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

MOST_LABELS = 256
LATENCY_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.3, 0.6, 1.0, 3.0)
SHOWN_CHARACTERS = 80
LOGGED_OF_EACH_KIND = 20
"""Unusable items that a process describes in its log; the others are only counted."""

UNUSABLE = Counter(
    "api_unusable_items_total",
    "Stored lists, their entries, products and coupons that were read and could not be used.",
    ["kind"],
    registry=None,
)

logger = logging.getLogger(__name__)
_logged: dict[str, int] = {}


def count_unusable(kind: str, item: Any) -> bool:
    """Count something that was read and cannot be used, for the whole process.

    Args:
        kind: what it was meant to be.
        item: what was read; the first ones of a kind are described in the log.

    Returns:
        False, so that a filter may end with it.
    """
    UNUSABLE.labels(kind).inc()
    _logged[kind] = _logged.get(kind, 0) + 1
    if _logged[kind] <= LOGGED_OF_EACH_KIND:
        logger.warning("unusable item left out kind=%r item=%r", kind, repr(item)[:SHOWN_CHARACTERS])
    return False


class Metrics:
    """The numbers of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(UNUSABLE)
        self.seconds = Histogram(
            "api_request_seconds",
            "Time to the last byte, by route and status.",
            ["route", "status"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.pages = Counter(
            "api_home_pages_total",
            "Homepages answered, by the rungs they came from.",
            ["rungs"],
            registry=self.registry,
        )
        self.short_pages = Counter(
            "api_home_short_pages_total", "Homepages with fewer products than asked for.", registry=self.registry
        )
        self.unverified = Counter(
            "api_unverified_events_total",
            "Events that name an answer which their shopper was not given.",
            registry=self.registry,
        )
        self.shed = Counter(
            "api_shed_requests_total",
            "Reads turned away because more were at work than can be answered in time.",
            registry=self.registry,
        )
        self.batch_age = Gauge(
            "api_batch_age_seconds", "Seconds since the as_of of the shown batch.", registry=self.registry
        )
        self.is_open = Gauge(
            "api_circuit_open",
            "1 while a dependency is not called after failures.",
            ["neighbour"],
            registry=self.registry,
        )
        self._seconds_of = lru_cache(MOST_LABELS)(self.seconds.labels)
        self._pages_of = lru_cache(MOST_LABELS)(self.pages.labels)

    def measure(self, route: str, status: int, seconds: float) -> None:
        """Note how long a request took."""
        self._seconds_of(route, str(status)).observe(seconds)

    def count_page(self, rungs: str, *, is_short: bool) -> None:
        """Note a homepage."""
        self._pages_of(rungs).inc()
        if is_short:
            self.short_pages.inc()
