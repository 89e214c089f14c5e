"""Decisions and experiments: dated, with a status, in their lists."""

import re
from datetime import date
from pathlib import Path

import pytest

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(DECISIONS.glob("[0-9]*.md"))
EXPERIMENTS = sorted(set((DECISIONS.parent / "experiments").glob("*.md")) - set(DECISIONS.parent.glob("*/README.md")))

each_decision = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def second_line(page: Path) -> str:
    """What stands under the title."""
    return page.read_text(encoding="utf-8").splitlines()[2]


def test_numbers_have_no_gap() -> None:
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@each_decision
def test_a_decision_has_context_decision_consequences_and_what_was_turned_down(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
        "Turned down",
    ]
    assert text.startswith(f"# {int(page.name[:4])}. ")


@each_decision
def test_a_decision_has_a_date_and_a_status(page: Path) -> None:
    said = re.fullmatch(r"(\d{4}-\d\d-\d\d) · (?:accepted|superseded by \[(\d+)\]\((.+)\))", second_line(page))

    assert said, "under the title stands `2026-11-22 · accepted`, or `... · superseded by [16](0016-...md)`"
    assert date.fromisoformat(said[1])
    assert said[2] is None or (DECISIONS / said[3]).name.startswith(f"{int(said[2]):04}-")


def test_whoever_supersedes_names_the_decision_that_it_replaces() -> None:
    for page in PAGES:
        if replaced := re.search(r"superseded by \[\d+\]\((.+)\)", second_line(page)):
            assert f"({page.name})" in (DECISIONS / replaced[1]).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", EXPERIMENTS, ids=lambda page: page.stem)
def test_an_experiment_has_a_date_and_an_outcome(page: Path) -> None:
    said = re.match(r"(\d{4}-\d\d-\d\d) · (?:adopted|left)", second_line(page))

    assert said, "under the title stands `2026-11-23 · left`, or `... · adopted in [decision 19](...)`"
    assert date.fromisoformat(said[1])


def test_each_experiment_stands_in_the_list() -> None:
    text = (DECISIONS.parent / "experiments" / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in EXPERIMENTS if f"({page.name})" not in text] == []


@each_decision
def test_a_decision_stands_in_the_list_with_its_date(page: Path) -> None:
    [row] = [line for line in (DECISIONS / "README.md").read_text(encoding="utf-8").splitlines() if page.name in line]

    assert row.startswith(f"| {int(page.name[:4])} | {second_line(page)[:10]} | ")


@each_decision
def test_a_decision_fits_on_one_screen(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 32
