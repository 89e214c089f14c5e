from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest

from features.clock import latest_midnight, parse_instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T06:30:00", datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
        ("2026-11-22T06:30:00+09:00", datetime(2026, 11, 21, 21, 30, tzinfo=UTC)),
        ("2026-11-22T06:30:00Z", datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
    ],
)
def test_instants_are_utc(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant
    assert parse_instant(text).tzinfo == UTC


@pytest.mark.parametrize("text", ["", "yesterday", "22.11.2026", "2026-13-01"])
def test_what_is_no_instant_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"not an instant: {text!r}; write it as 2026-11-22"):
        parse_instant(text)


def test_an_instant_to_come_is_refused_and_one_just_past_is_not() -> None:
    now = datetime.now(UTC)

    assert parse_instant(now.isoformat()) == now
    with pytest.raises(ArgumentTypeError, match=r"lies in the future, now it is 20.*choose an instant past"):
        parse_instant((now + timedelta(minutes=1)).isoformat())


def test_midnight_has_no_hours_and_lies_in_the_past() -> None:
    midnight = latest_midnight()

    assert midnight.tzinfo == UTC
    assert (midnight.hour, midnight.minute, midnight.second, midnight.microsecond) == (0, 0, 0, 0)
    assert 0 <= (datetime.now(UTC) - midnight).total_seconds() < 86_400 + 60
