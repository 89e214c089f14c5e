"""Steps that the triggerer runs: how they end, and that they end with it."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from dags.wiring import waiting
from dags.wiring.assets import CHAMPION
from dags.wiring.champion import Look
from dags.wiring.waiting import StepTrigger, WaitingStep


class Waiting(WaitingStep):
    def arguments(self, context: Any) -> list[str]:
        return ["--since", context["since"]]


@pytest.fixture
def write_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a module called `step` that the trigger finds."""
    monkeypatch.setattr(waiting, "ROOT", tmp_path)

    def write(code: str) -> None:
        (tmp_path / "step.py").write_text(code, encoding="utf-8")

    return write


async def fire(trigger: StepTrigger) -> dict[str, Any]:
    [event] = [event async for event in trigger.run()]
    return event.payload


def resume(event: dict[str, Any] | None, notes: list[str] | None = None) -> dict[str, Any]:
    task = SimpleNamespace(xcom_push=lambda _key, text: None if notes is None else notes.append(text))
    return Waiting(task_id="wait", module="step", timeout_seconds=30).resume({"ti": task}, event)


def test_a_task_hands_its_step_to_the_triggerer() -> None:
    step = Waiting(task_id="wait", module="step", timeout_seconds=30)

    with pytest.raises(TaskDeferred) as deferred:
        step.execute({"since": "yesterday"})

    path, described = deferred.value.trigger.serialize()
    assert path == "dags.wiring.waiting.StepTrigger"
    assert described == {"module": "step", "arguments": ["--since", "yesterday"], "timeout_seconds": 30}
    assert deferred.value.method_name == "resume"


def test_the_report_comes_back_and_arguments_arrive(write_step: Callable[[str], None]) -> None:
    write_step("import json, sys\nprint('on the way')\nprint(json.dumps({'arguments': sys.argv[1:]}))\n")

    event = asyncio.run(fire(StepTrigger("step", ["a b"], 30)))

    assert event["code"] == 0
    assert resume(event) == {"arguments": ["a b"]}


@pytest.mark.parametrize(
    ("code", "error"),
    [(1, RuntimeError), (2, AirflowFailException), (3, AirflowSkipException)],
    ids=["failed", "final: no retry", "nothing to do: skipped"],
)
def test_the_exit_code_decides_what_becomes_of_the_task(
    write_step: Callable[[str], None], code: int, error: type[Exception]
) -> None:
    write_step(f"import sys\nsys.exit({code})\n")

    event = asyncio.run(fire(StepTrigger("step", [], 30)))

    with pytest.raises(error, match=r"python -m step"):
        resume(event)


@pytest.mark.parametrize(
    ("event", "note"),
    [
        ({"code": 0, "lines": ['{"words": "the alias moved to version 2"}']}, "the alias moved to version 2"),
        ({"code": 2, "lines": ["serving.watch: the alias is gone"]}, "serving.watch: the alias is gone"),
    ],
    ids=["green", "red"],
)
def test_a_run_is_noted_however_its_step_ends(event: dict[str, Any], note: str) -> None:
    notes: list[str] = []

    with contextlib.suppress(AirflowFailException):
        resume(event, notes)

    assert notes == [note]


class LatestEvents(list[Any]):
    """Events of the asset, the newest first, as a task reads them."""

    def ascending(self, is_ascending: bool) -> "LatestEvents":
        assert not is_ascending
        return self

    def limit(self, count: int) -> "LatestEvents":
        return LatestEvents(self[:count])


@pytest.mark.parametrize(
    ("extras", "announced"),
    [
        ([{}, {"version": 3}, {"version": 2}], ["--announced", "3"]),
        ([{"version": None}, {"version": "four"}, {"version": "2"}], ["--announced", "2"]),
        (
            [{"version": 4, "run_id": "a", "barred": True}],
            ["--announced", "4", "--announced-run=a", "--announced-barred"],
        ),
        ([{"version": 4, "barred": False}, {"version": 3, "barred": True}], ["--announced", "4"]),
        ([{}], []),
        ([], []),
    ],
    ids=["without a version", "with nonsense", "refused", "refused before", "none with a version", "none"],
)
def test_an_event_without_a_version_announces_nothing(extras: list[dict[str, Any]], announced: list[str]) -> None:
    events = LatestEvents(SimpleNamespace(extra=extra) for extra in extras)

    arguments = Look(task_id="look").arguments({"inlet_events": {CHAMPION: events}})

    assert arguments[2:-1] == announced


def test_a_step_that_takes_too_long_is_stopped_and_says_so(write_step: Callable[[str], None]) -> None:
    write_step("import time\ntime.sleep(60)\n")

    event = asyncio.run(fire(StepTrigger("step", [], 0.5)))

    with pytest.raises(TimeoutError, match="was stopped"):
        resume(event)


def test_a_triggerer_that_is_stopped_leaves_no_step_behind(write_step: Callable[[str], None], tmp_path: Path) -> None:
    write_step("import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(60)\n")

    async def stop_midway() -> int:
        running = asyncio.create_task(fire(StepTrigger("step", [], 60)))
        while not ((note := tmp_path / "pid").exists() and note.read_text()):
            await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return int(note.read_text())

    pid = asyncio.run(stop_midway())

    assert not psutil.pid_exists(pid)


def test_no_word_from_the_triggerer_is_a_failure() -> None:
    with pytest.raises(AirflowFailException, match="without a word"):
        resume(None)


def test_waiting_for_the_alias_holds_no_slot(dags: dict[str, Any]) -> None:
    assert all(isinstance(task, waiting.WaitingStep) for task in dags["watch_champion"].tasks)
