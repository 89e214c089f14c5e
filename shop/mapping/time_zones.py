"""Offsets of time zones from UTC as plain numbers, for local times: no server has to have zone tables."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
"""Clock changes between these instants are known; before and after them the nearest offset holds."""


def _require_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as err:
        raise ValueError(f"{name!r} is no time zone: write UTC, or a name such as Europe/Berlin") from err
    return name


TimeZone = Annotated[str, AfterValidator(_require_zone)]


@dataclass(frozen=True)
class Offset:
    """Seconds ahead of UTC that hold from a local time on."""

    local_from: datetime
    seconds: int


@cache
def list_offsets(name: str) -> tuple[Offset, ...]:
    """List the offsets of a zone, the newest first.

    An hour that a clock goes through twice is read as the first of the two, as PEP 495 has it.
    """
    zone = ZoneInfo(name)
    day, before = FIRST, _seconds(FIRST, zone)
    offsets = [Offset(FIRST.replace(tzinfo=None), before)]
    has_changes = time(tzinfo=zone).utcoffset() is None  # UTC has none
    while has_changes and day < LAST:
        following = day + timedelta(days=1)
        if before != (after := _seconds(following, zone)):
            change = _find_change(day, following, zone)
            offsets.append(Offset(change.replace(tzinfo=None) + timedelta(seconds=before), after))
        day, before = following, after
    return tuple(reversed(offsets))


def _find_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the second at which the offset changes between two instants."""
    old = _seconds(before, zone)
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _seconds(before + timedelta(seconds=middle), zone) == old:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _seconds(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
