import re
from pathlib import Path

import pytest

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(DECISIONS.glob("[0-9]*.md"))

each_decision = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def test_numbers_have_no_gap():
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@each_decision
def test_a_decision_has_context_decision_consequences_and_what_was_turned_down(page):
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
        "Turned down",
    ]
    assert text.startswith(f"# {int(page.name[:4])}. ")


@each_decision
def test_a_decision_fits_on_one_screen(page):
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 30


@each_decision
def test_a_decision_stands_in_the_list(page):
    assert f"({page.name})" in (DECISIONS / "README.md").read_text(encoding="utf-8")
