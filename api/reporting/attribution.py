"""Attribution: traces clicks and orders back to the impression, slot, rung and version that showed the product.

A product shown in one answer is one impression, however often that is reported. It counts as clicked when the same
answer's product was clicked by the same shopper within the window after it was shown, as ordered likewise; what comes
later, or from somebody else who names that answer, does not count. Nor does what names an answer that was not given.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Function, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from api.web.request_ids import UNVERIFIED
from shop.tables import MOST_EXPLORED, Event, find_model

NONE = "none"
"""Stands for a version, rung or shelf that an impression does not name."""

SLOTS = (5, 10, 20, 50)
"""Slots are reported in ranges: below 5, below 10, and so on."""

IS_VERIFIED = or_(Event.rung.is_(None), Event.rung != UNVERIFIED)


class Period(NamedTuple):
    """Impressions of [since, until) with what followed each within `window`."""

    since: datetime
    until: datetime
    window: timedelta


class Shown(NamedTuple):
    """One impression and what became of it.

    `model` is the version as its lists name it, by number and hash: numbers come again. It is the number alone where
    the model server ranked while lists of another version were shown.
    """

    user_id: int | None
    position: int | None
    model: str | None
    rung: str | None
    variant: str | None
    shelf: str | None
    propensity: float | None
    is_clicked: bool
    is_ordered: bool


@dataclass
class Tally:
    """Counts of impressions, each as many as it stands for."""

    impressions: float = 0
    clicks: float = 0
    orders: float = 0

    def add(self, shown: Shown, weight: float = 1) -> None:
        """Count one impression."""
        self.impressions += weight
        self.clicks += weight * shown.is_clicked
        self.orders += weight * shown.is_ordered


@dataclass
class Exchange:
    """What a shelf is worth where the order has it, and a place off, where exploration put it: tallies by user.

    Both speak of the same shoppers, those for whom orders are explored, since each impression counts as many times as
    the inverse of its propensity says (importance sampling; normalised by the same weights when rates are made).
    """

    usual: dict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))
    exchanged: dict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def add(self, user_id: int, shown: Shown, propensity: float) -> None:
        """Count one impression."""
        tallies = self.usual if propensity > MOST_EXPLORED else self.exchanged
        tallies[user_id].add(shown, 1 / propensity)


@dataclass
class Attribution:
    """Tallies by what showed the products. Of variants and exchanges, by user: users are what was split."""

    by_version: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_rung: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_slot: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_shelf: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_exchange: dict[str, Exchange] = field(default_factory=lambda: defaultdict(Exchange))
    by_variant: dict[str, dict[int, Tally]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Tally)))


def _first(event_type: str) -> Function[datetime]:
    return func.min(case((Event.event_type == event_type, Event.occurred_at)))


def _of_impression(column: InstrumentedAttribute[Any]) -> Function[Any]:
    return func.min(case((Event.event_type == "impression", column)))


def fetch_shown(connection: Connection, period: Period) -> Iterator[Shown]:
    """Read the impressions of a period, one row each, in one pass over the events of the period and its window."""
    shown_at = _first("impression").label("shown_at")
    query = (
        select(
            _of_impression(Event.user_id),
            _of_impression(Event.position),
            _of_impression(Event.model_version),
            _of_impression(Event.batch_id),
            _of_impression(Event.rung),
            _of_impression(Event.arm),
            _of_impression(Event.shelf),
            _of_impression(Event.propensity),
            shown_at,
            _first("click"),
            _first("order"),
        )
        .where(Event.occurred_at >= period.since, Event.occurred_at < period.until + period.window, IS_VERIFIED)
        .group_by(Event.request_id, Event.product_id, Event.user_id)
        .having(shown_at < period.until)
    )
    for row in connection.execution_options(yield_per=5000).execute(query):
        user_id, position, version, batch_id, rung, variant, shelf, propensity, at, clicked_at, ordered_at = row
        model = find_model(batch_id, version) if version is not None else None
        is_clicked, is_ordered = _follows(clicked_at, at, period), _follows(ordered_at, at, period)
        yield Shown(user_id, position, model, rung, variant, shelf, propensity, is_clicked, is_ordered)


def count_unverified(connection: Connection, period: Period) -> int:
    """Count the events of a period that name an answer which their shopper was not given."""
    of_period = (Event.occurred_at >= period.since, Event.occurred_at < period.until, Event.rung == UNVERIFIED)
    return connection.scalar(select(func.count()).select_from(Event).where(*of_period)) or 0


def tally(impressions: Iterable[Shown]) -> Attribution:
    """Count impressions by what showed them."""
    attribution = Attribution()
    for shown in impressions:
        attribution.by_version[shown.model or NONE].add(shown)
        attribution.by_rung[shown.rung or NONE].add(shown)
        attribution.by_slot[name_slots(shown.position)].add(shown)
        attribution.by_shelf[shown.shelf or NONE].add(shown)
        if shown.shelf and shown.user_id is not None and shown.propensity is not None and shown.propensity < 1:
            attribution.by_exchange[shown.shelf].add(shown.user_id, shown, shown.propensity)
        if shown.variant is not None and shown.user_id is not None:
            attribution.by_variant[shown.variant][shown.user_id].add(shown)
    return attribution


def name_slots(position: int | None) -> str:
    """Name the range of slots that a position lies in, from slot 0."""
    if position is None:
        return NONE
    starts = (0, *SLOTS)
    start = max(start for start in starts if start <= position)
    end = next((end for end in SLOTS if end > position), None)
    return f"{start:02d}-{end - 1:02d}" if end else f"{start:02d}+"


def _follows(at: datetime | None, shown_at: datetime, period: Period) -> bool:
    return at is not None and at < shown_at + period.window
