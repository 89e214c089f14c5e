"""Instants: always timezone-aware, always UTC inside."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """Read an instant of a command line, `2026-11-22` or `2026-11-22T00:00:00+00:00`; without a zone it is UTC.

    Raises:
        ArgumentTypeError: the text is not ISO 8601, or the instant is still to come, so that nobody knows what was
            known before it; argparse shows this error's words, and hides those of a ValueError.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as err:
        raise ArgumentTypeError(
            f"not an instant: {text!r}; write it as 2026-11-22 or 2026-11-22T00:00:00+00:00"
        ) from err
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    if instant > (now := datetime.now(UTC)):
        raise ArgumentTypeError(
            f"{text!r} lies in the future, now it is {now:%Y-%m-%dT%H:%M:%S}Z; choose an instant past"
        )
    return instant


def latest_midnight() -> datetime:
    """Return the last midnight in UTC, the instant that a run belongs to when none is named."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
