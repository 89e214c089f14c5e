from datetime import UTC, datetime

from features.clock import latest_midnight


def test_midnight_has_no_hours_and_lies_in_the_past() -> None:
    midnight = latest_midnight()

    assert midnight.tzinfo == UTC
    assert (midnight.hour, midnight.minute, midnight.second, midnight.microsecond) == (0, 0, 0, 0)
    assert 0 <= (datetime.now(UTC) - midnight).total_seconds() < 86_400 + 60
