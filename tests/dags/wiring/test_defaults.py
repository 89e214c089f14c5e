from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dags.wiring.defaults import find_instant_of_rows, given_as_of, resolve_as_of

DUE = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


def context(as_of: str | None = None, carried: tuple[str, ...] = ()) -> dict[str, Any]:
    extras = [{"as_of": instant} for instant in carried] + [{}]
    events = {"an asset": [SimpleNamespace(extra=extra) for extra in extras]}
    return {
        "params": {"as_of": as_of},
        "triggering_asset_events": events,
        "dag_run": SimpleNamespace(run_after=DUE),
    }


def test_run_without_a_hint_belongs_to_the_midnight_before_it() -> None:
    assert resolve_as_of(context()) == "2026-11-22T00:00:00+00:00"


def test_run_without_a_hint_was_given_no_instant() -> None:
    assert given_as_of(context()) is None


def test_run_started_by_data_takes_the_latest_instant_of_it() -> None:
    carried = ("2026-11-20T00:00:00+00:00", "2026-11-21T00:00:00+00:00")

    assert resolve_as_of(context(carried=carried)) == "2026-11-21T00:00:00+00:00"


@pytest.mark.parametrize("odd", ["yesterday", "", 5, None, "9999-12-31T00:00:00+00:00", "0001-01-01T00:00:00+14:00"])
def test_what_an_event_carries_instead_of_an_instant_of_the_past_is_passed_over(odd: Any) -> None:
    assert given_as_of(context(carried=(odd,))) is None
    assert given_as_of(context(carried=("2026-11-20T00:00:00+00:00", odd))) == "2026-11-20T00:00:00+00:00"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-01-02T03:00:00+00:00", "2026-01-02T03:00:00+00:00"),
        ("2026-01-02T03:00:00", "2026-01-02T03:00:00+00:00"),
        ("2026-01-02T12:00:00+09:00", "2026-01-02T03:00:00+00:00"),
    ],
    ids=["UTC", "no zone is UTC", "Seoul"],
)
def test_instant_given_by_hand_wins(given: str, meant: str) -> None:
    assert resolve_as_of(context(given, carried=("2026-11-21T00:00:00+00:00",))) == meant


@pytest.mark.parametrize(
    ("newest_order", "instant"),
    [
        (None, "2026-11-22T00:00:00+00:00"),
        ("2026-11-22T09:00:00+00:00", "2026-11-22T00:00:00+00:00"),
        ("2026-10-24T12:00:00+00:00", "2026-11-22T00:00:00+00:00"),
        ("2026-10-23T12:00:00+00:00", "2026-10-24T00:00:00+00:00"),
        ("2025-11-18T08:25:00+09:00", "2025-11-18T00:00:00+00:00"),
    ],
    ids=["no order", "today", "28 days ago", "29 days ago", "a year ago, in Seoul"],
)
def test_rows_of_a_shop_whose_orders_ended_belong_to_the_day_after_them(newest_order: str | None, instant: str) -> None:
    assert find_instant_of_rows(context(), newest_order) == instant


def test_instant_given_to_a_sync_by_hand_wins() -> None:
    chosen = "2026-11-20T00:00:00+00:00"

    assert find_instant_of_rows(context(chosen), "2025-01-01T00:00:00+00:00") == chosen
