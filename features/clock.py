"""Instants: always timezone-aware, always UTC inside."""

from datetime import UTC, datetime


def latest_midnight() -> datetime:
    """Return the last midnight in UTC, the instant that a run belongs to when none is named."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
