"""Figures of benchmarks: medians over runs, aims, what got slower, and what is kept by release."""

import ast
from pathlib import Path

import pytest

from benchmarks.__main__ import SUITE
from benchmarks.parts.figures import (
    Better,
    Figure,
    Machine,
    Release,
    Series,
    find_slower,
    gather,
    parse_figures,
    read_release,
    report,
    write_release,
)

FOLDER = Path(__file__).parents[2] / "benchmarks"
HERE, ELSEWHERE = Machine("a processor", 2), Machine("another processor", 8)


def one(value: float, better: Better = "higher", unit: str = "", name: str = "rate") -> list[Series]:
    return [Series.over([Figure(name, value, better, unit)])]


def test_a_figure_over_runs_is_their_median_and_range() -> None:
    (found,) = gather([[Figure("rate", value, "higher", "/s", 3.0)] for value in (2.0, 9.0, 4.0)])

    assert (found.figure.value, found.low, found.high, found.figure.is_met) == (4.0, 2.0, 9.0, True)


def test_runs_must_report_the_same_figures() -> None:
    with pytest.raises(ValueError, match="different figures"):
        gather([[Figure("rate", 1.0, "higher")], [Figure("time", 1.0, "lower")]])


@pytest.mark.parametrize(
    ("better", "value", "is_met"),
    [("higher", 0.49, False), ("higher", 0.5, True), ("lower", 0.5, True), ("lower", 0.6, False)],
)
def test_an_aim_is_met_on_its_side(better: Better, value: float, is_met: bool) -> None:
    assert Figure("share", value, better, aim=0.5).is_met is is_met


@pytest.mark.parametrize(
    ("better", "before", "now", "is_slower"),
    [
        ("lower", 10.0, 11.9, False),
        ("lower", 10.0, 12.1, True),
        ("lower", 10.0, 5.0, False),
        ("higher", 12.0, 10.1, False),
        ("higher", 12.0, 9.9, True),
        ("higher", 12.0, 20.0, False),
        ("higher", 12.0, 0.0, True),
        ("lower", 0.0, 0.0, False),
        ("lower", 0.0, 1.0, True),
    ],
)
def test_more_than_a_fifth_is_slower(better: Better, before: float, now: float, is_slower: bool) -> None:
    found = find_slower({"ranking": one(now, better)}, {"ranking": one(before, better)}, on_the_same_machine=True)

    assert [each[:2] for each in found] == [("ranking", "rate")] * is_slower


def test_another_machine_is_compared_by_ratios_alone() -> None:
    before: Release = {"ranking": one(10.0, "lower", "ms", "time") + one(0.9, name="share")}
    now: Release = {"ranking": one(99.0, "lower", "ms", "time") + one(0.3, name="share")}

    assert [name for _, name, _ in find_slower(now, before, on_the_same_machine=False)] == ["share"]
    assert [name for _, name, _ in find_slower(now, before, on_the_same_machine=True)] == ["time", "share"]


def test_kept_figures_come_back_and_those_that_did_not_run_stay(tmp_path: Path) -> None:
    path = tmp_path / "results" / "0.1.0.json"

    write_release(path, {"sync": one(1.0), "ranking": one(2.0)}, HERE)
    write_release(path, {"ranking": one(3.0)}, HERE)
    assert read_release(path) == ({"sync": one(1.0), "ranking": one(3.0)}, HERE)

    write_release(path, {"ranking": one(4.0)}, ELSEWHERE)
    assert read_release(path) == ({"ranking": one(4.0)}, ELSEWHERE)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "0.1.0.json"
    path.write_text("{}")

    with pytest.raises(ValueError, match=r"0\.1\.0\.json holds no figures"):
        read_release(path)


def test_a_report_is_read_as_it_was_written() -> None:
    figures = [Figure("share", 0.5, "higher", aim=0.4), Figure("time", 3.0, "lower", "ms")]

    assert parse_figures(report(figures).report or {}) == figures


@pytest.mark.parametrize("name", SUITE)
def test_each_benchmark_of_the_suite_reports_figures(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]

    (command,) = [call for call in calls if call.func.id == "Command"]  # type: ignore[attr-defined]
    assert any(keyword.arg == "has_json" for keyword in command.keywords)
    assert any(call.func.id == "report" for call in calls)  # type: ignore[attr-defined]
