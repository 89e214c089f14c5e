"""Defaults of all workflows: retries with their reason, the instant of a run, the pool of heavy steps."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param

from dags.wiring.failure import call_webhook, say_reason

HEAVY_POOL = "heavy"
"""Steps that want all cores and much memory. Its slots (`dags/pools.json`) are how many of them fit on the machine."""

SCORING_POOL = "scoring"
"""Scoring takes a minute, a training hours: a promotion must not wait for one."""

SHARES_POOL = "shares"
"""Tasks that write a share of the users each: its slots are how many of them run at once, on all workers together."""

AS_OF = Param(
    None,
    type=["null", "string"],
    format="date-time",
    title="as_of",
    description="Instant that the run belongs to (UTC). Empty: that of the data that started it, or else midnight.",
)

TRANSIENT: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(seconds=30), "retry_exponential_backoff": True}
"""For steps that talk to a database or server: it may be restarting, and is back after a minute or two."""

AGAIN_SOON: dict[str, Any] = {"retries": 9, "retry_delay": timedelta(seconds=10)}
"""For what shoppers wait for: a database is back after a minute or two, and whoever promotes meanwhile waits no longer
than the delay. Each try asks anew which version is champion."""

ONCE_MORE: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=30)}
"""For long computations on local files: worth one more try (a killed process), not more (the same rows fail again)."""


ORDERS_ENDED = timedelta(days=28)
"""Without an order for longer than this, the horizon of a label, a shop has no business to learn from."""


def workflow(run_book: str, tags: list[str], *, max_active_runs: int = 1, **default_args: Any) -> dict[str, Any]:
    """Return the arguments that every workflow passes to `@dag`.

    Args:
        run_book: the file's docstring; its first line reads `# name: what it does.`
        tags: what the UI filters by.
        max_active_runs: runs at once; more where one that sleeps before its next try must not hold up others.
        **default_args: retry rule of its tasks, `TRANSIENT`, `AGAIN_SOON` or `ONCE_MORE`.
    """
    return {
        "doc_md": run_book,
        "description": run_book.partition("\n")[0].partition(": ")[2],
        "catchup": False,
        "max_active_runs": max_active_runs,
        "params": {"as_of": AS_OF},
        "tags": tags,
        "default_args": {
            "owner": "31ie",
            "on_retry_callback": say_reason,
            "on_failure_callback": [call_webhook, say_reason],
            **default_args,
        },
    }


def resolve_as_of(context: Any) -> str:
    """Find the instant that a run belongs to: the one it was given, else the last UTC midnight before it was due.

    Clearing an old run therefore repeats its instant.

    Returns:
        An aware instant in ISO 8601.
    """
    due = context["dag_run"].run_after.astimezone(UTC)
    return given_as_of(context) or datetime(due.year, due.month, due.day, tzinfo=UTC).isoformat()


def find_instant_of_rows(context: Any, newest_order: str | None) -> str:
    """Find the instant that rows belong to which a run has synced: its own, unless the shop's orders ended long before.

    An export of last year is learned from as it was on its last day; nobody would have ordered before today.

    Args:
        context: of the run.
        newest_order: when it was placed, ISO 8601; `None` where there is none.

    Returns:
        An aware instant in ISO 8601.
    """
    as_of = datetime.fromisoformat(resolve_as_of(context))
    if chosen_as_of(context) is None and newest_order is not None:
        newest = datetime.fromisoformat(newest_order).astimezone(UTC)
        after = datetime(newest.year, newest.month, newest.day, tzinfo=UTC) + timedelta(days=1)
        as_of = after if as_of - after > ORDERS_ENDED else as_of
    return as_of.isoformat()


def chosen_as_of(context: Any) -> str | None:
    """Read the instant that a person gave a run."""
    chosen = context["params"].get("as_of")
    return _aware(datetime.fromisoformat(chosen)).isoformat() if chosen else None


def pass_as_of(context: Any) -> tuple[str, ...]:
    """Return the arguments that tell a step the instant that a person gave the run; none where nobody did."""
    as_of = chosen_as_of(context)
    return ("--as-of", as_of) if as_of else ()


def tell_as_of(context: Any) -> tuple[str, str]:
    """Return the arguments that tell a step the instant of the run, the same for all its tasks."""
    return "--as-of", resolve_as_of(context)


def given_as_of(context: Any) -> str | None:
    """Find the instant that a run was given: its own parameter, else the latest among the events that started it."""
    if chosen := chosen_as_of(context):
        return chosen
    events = context["triggering_asset_events"] or {}
    carried = [_read_carried(event.extra.get("as_of")) for of_asset in events.values() for event in of_asset]
    past = [instant for instant in carried if instant is not None and instant <= datetime.now(UTC)]
    return max(past).isoformat() if past else None


def _read_carried(value: Any) -> datetime | None:
    """Read the instant that an event carries; `None` for what is none: anybody may create an event."""
    try:
        return _aware(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _aware(instant: datetime) -> datetime:
    """Read an instant without a time zone as UTC."""
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
