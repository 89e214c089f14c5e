"""Events that arrive while a run is active: the run that ends asks for another, which takes them along."""

from collections import defaultdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dags.wiring.assets import CHAMPION, SNAPSHOT
from dags.wiring.newer_input import ask_if_newer, if_newer, once_more


class Events(list[Any]):
    """Events of an asset, as a task reads them."""

    def ascending(self, is_ascending: bool) -> "Events":
        return Events(sorted(self, key=lambda event: event.timestamp, reverse=not is_ascending))

    def limit(self, count: int) -> "Events":
        return Events(self[:count])


class Outlet:
    """What a task announces."""

    def __init__(self) -> None:
        self.added: list[Any] = []

    def add(self, asset: Any) -> None:
        self.added.append(asset)


def event(minute: int) -> SimpleNamespace:
    return SimpleNamespace(timestamp=datetime(2026, 1, 1, 0, minute, tzinfo=UTC), extra={})


def context(started_by: list[int], champion: list[int], snapshot: tuple[int, ...] = ()) -> dict[str, Any]:
    return {
        "ti": SimpleNamespace(dag_id="score_users"),
        "triggering_asset_events": {CHAMPION: [event(minute) for minute in started_by]} if started_by else {},
        "inlet_events": {CHAMPION: Events(map(event, champion)), SNAPSHOT: Events(map(event, snapshot))},
        "outlet_events": defaultdict(Outlet),
    }


@pytest.mark.parametrize(
    ("started_by", "champion", "snapshot", "is_asked"),
    [
        ([1], [1], (), False),
        ([2], [1, 2, 3, 4], (), True),
        ([2], [1, 2], (3,), True),
        ([2], [1, 2], (1,), False),
        ([], [1, 2], (), False),
    ],
    ids=["nothing new", "dropped events", "another input", "older input", "started by hand"],
)
def test_a_run_asks_for_another_where_newer_input_lies(
    started_by: list[int], champion: list[int], snapshot: tuple[int, ...], is_asked: bool
) -> None:
    given = context(started_by, champion, snapshot)

    assert ask_if_newer(given, SNAPSHOT, CHAMPION) is is_asked

    added = given["outlet_events"][if_newer("score_users")].added
    assert added == ([once_more("score_users")] if is_asked else [])


@pytest.mark.parametrize("dag_id", ["rebuild_features", "train_wide_deep", "score_users"])
def test_what_a_run_asks_for_starts_the_same_workflow(dags: dict[str, Any], dag_id: str) -> None:
    dag = dags[dag_id]

    assert once_more(dag_id) in dag.timetable.asset_condition.objects
    assert any(if_newer(dag_id) in task.outlets for task in dag.tasks)
