"""docs/your-shop.md and docs/shops: their examples are mappings, and what is said of the parts of one is true."""

import re
from pathlib import Path

import pytest

from shop.mapping.model import parse_mapping
from shop.mapping.sections import ColumnMapping, Section

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "your-shop.md").read_text(encoding="utf-8")
EXAMPLES = [
    (path.name, example)
    for path in (DOCS / "your-shop.md", *sorted((DOCS / "shops").glob("*.md")))
    for example in re.findall(r"```toml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _example in EXAMPLES])
def test_an_example_can_be_read(name: str, example: str) -> None:
    assert parse_mapping(example, name).sections


def test_the_smallest_mapping_says_what_the_page_says_of_it() -> None:
    example = next(example for _name, example in EXAMPLES if "[users]" in example)

    mapping = parse_mapping(example, "docs/your-shop.md")

    assert mapping.sections["products"].columns["price"].money == "cents"
    assert mapping.sections["orders"].time_zone == "Europe/Berlin"


def test_every_part_of_a_mapping_is_described() -> None:
    parts = {*Section.model_fields, *ColumnMapping.model_fields} - {"column"}

    assert [part for part in parts if f"`{part}`" not in PAGE] == []
