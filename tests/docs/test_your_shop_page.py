"""docs/your-shop.md: its example is a mapping, and what it says of the parts of one is true."""

import re
from pathlib import Path

from shop.mapping.model import ColumnMapping, Section, parse_mapping

PAGE = (Path(__file__).parents[2] / "docs" / "your-shop.md").read_text(encoding="utf-8")


def test_the_example_can_be_read() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    mapping = parse_mapping(example, "docs/your-shop.md")

    assert mapping.sections["products"].columns["price"].money == "cents"
    assert mapping.sections["orders"].time_zone == "Europe/Berlin"


def test_every_part_of_a_mapping_is_described() -> None:
    parts = {*Section.model_fields, *ColumnMapping.model_fields} - {"column"}

    assert [part for part in parts if f"`{part}`" not in PAGE] == []
