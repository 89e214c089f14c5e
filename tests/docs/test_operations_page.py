"""docs/operations.md has a page for each alarm that `/health` can give, and for no other."""

import re
from pathlib import Path
from typing import get_args

import pytest

from api.schemas.health import Problem
from tests.support.printed_commands import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ALARMS = PAGE.partition("\n## Alarms of /health\n")[2].partition("\n## ")[0]
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", ALARMS, re.MULTILINE | re.DOTALL))
PARTS = get_args(Problem.model_fields["part"].annotation)


def test_each_alarm_that_health_can_give_has_its_section_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_section_says_what_an_alarm_means_how_to_look_and_what_to_do(part: str) -> None:
    said = re.findall(r"^- \*\*(\w+)\*\*: (?=\w)", SECTIONS[part], re.MULTILINE)

    assert said == ["Means", "Look", "Do"]


def test_each_file_that_makes_an_alarm_is_named_by_a_part_with_a_section() -> None:
    """A part that is given in words past the schema would have no section."""
    given = {
        part
        for file in (ROOT / "api").rglob("*.py")
        for part in re.findall(r"Problem\(\s*part=\"(\w+)\"", Path(file).read_text(encoding="utf-8"))
    }

    assert given == set(PARTS)
