"""Which drawing and which pack suit a product: `keywords.csv`, read from its top, first match wins.

A keyword stands for itself and its usual endings; it is looked for in the product's type (in the title of a product
without one), then, if it has a star, in the name of the category. The lines with a star alone are for shops whose
words are not in the table: one is taken by id.
"""

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENDINGS = "s|es|y|ies|e|ed|ing|er|ers"


@dataclass(frozen=True)
class DrawingChoice:
    """The drawing's name in `drawings.json`, and the kind of pack around it."""

    drawing: str
    pack: str


@dataclass(frozen=True)
class _Rules:
    products: tuple[tuple[re.Pattern[str], DrawingChoice], ...]
    categories: tuple[tuple[re.Pattern[str], DrawingChoice], ...]
    others: tuple[DrawingChoice, ...]


def choose_look(product_id: int, product_type: str, title: str, category_name: str) -> DrawingChoice:
    """Choose by type (title where there is none), else by category, else by id."""
    rules = _read_rules()
    for text, patterns in ((product_type or title, rules.products), (category_name, rules.categories)):
        look = next((look for pattern, look in patterns if pattern.search(text.lower())), None)
        if look is not None:
            return look
    return rules.others[product_id % len(rules.others)]


@cache
def load_drawing(name: str) -> str:
    """Return the body of a drawing, on a field of 32 x 32."""
    return _read_drawings()[name]


@cache
def _read_drawings() -> dict[str, str]:
    drawings: dict[str, str] = json.loads((FOLDER / "drawings.json").read_text(encoding="utf-8"))["drawings"]
    return drawings


@cache
def _read_rules() -> _Rules:
    products: list[tuple[re.Pattern[str], DrawingChoice]] = []
    categories: list[tuple[re.Pattern[str], DrawingChoice]] = []
    others: list[DrawingChoice] = []
    with (FOLDER / "keywords.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            look, keyword = DrawingChoice(row["drawing"], row["pack"]), row["keyword"]
            if keyword == "*":
                others.append(look)
            else:
                target = categories if keyword.startswith("*") else products
                target.append((re.compile(rf"\b{re.escape(keyword.lstrip('*'))}(?:{ENDINGS})?\b"), look))
    return _Rules(tuple(products), tuple(categories), tuple(others))
