"""Instants: always timezone-aware, always UTC inside."""

from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """Read an instant such as `2026-11-22` or `2026-11-22T00:00:00+00:00`; without a zone it is UTC.

    Raises:
        ValueError: the text is not ISO 8601.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as err:
        raise ValueError(f"Not an instant: {text!r}. Write it as 2026-11-22 or 2026-11-22T00:00:00+00:00.") from err
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def latest_midnight() -> datetime:
    """Give the last midnight in UTC, the instant that a run belongs to when none is named."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
