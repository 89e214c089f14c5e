"""Offsets of zones: as the zone database has them, at every hour around each change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shop.mapping.time_zones import list_offsets


def to_utc(zone: str, local: datetime) -> datetime:
    """Move a local time by the first offset that holds at it, as the SQL does."""
    offsets = list_offsets(zone)
    seconds = next((one.seconds for one in offsets[:-1] if local >= one.local_from), offsets[-1].seconds)
    return (local - timedelta(seconds=seconds)).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
def test_every_half_hour_of_three_years_is_as_the_zone_database_has_it(zone: str) -> None:
    wrong = []
    instant = datetime(2024, 1, 1, tzinfo=UTC)
    while instant < datetime(2027, 1, 1, tzinfo=UTC):
        local = instant.astimezone(ZoneInfo(zone))
        if local.fold == 0 and to_utc(zone, local.replace(tzinfo=None)) != instant:
            wrong.append(local)
        instant += timedelta(minutes=30)

    assert wrong == []


def test_an_hour_that_comes_twice_is_read_as_the_first() -> None:
    local = datetime.fromisoformat("2026-10-25 02:30:00")

    assert to_utc("Europe/Berlin", local) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_zone_without_changes_is_one_number() -> None:
    assert [one.seconds for one in list_offsets("Asia/Seoul")] == [9 * 3600]
