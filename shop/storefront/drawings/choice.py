"""Which drawing fits a product or a department. Where none fits for certain, there is none: a wrong one misleads.

`things.csv` holds names of things, in English and Korean, and the drawing that shows that very thing. The last words of
a title say what a product is (a *chocolate candle* is a candle, a *chocolate mould* is nothing that is drawn), so a
name counts only where it stands last. Rows without a pack fit departments alone; those without a drawing are
exceptions.

`grocery.csv` knows a grocer's product types far better and guesses more: only a shop that says so is drawn by it. It is
read from its top, first match wins; a keyword stands for itself and its usual endings, and with a star it is looked for
in the category's name.
"""

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENDINGS = "s|es|y|ies|e|ed|ing|er|ers"
KOREAN = re.compile("[가-힣]")
ASIDES = re.compile(r"\([^)]*\)|\[[^\]]*\]")
FOLLOWS_THE_NAME = re.compile(r"\s*[,:;|/]\s*|\s+[-–—•]\s+|\s+(?:with|for|from|in|of|by)\s+")
SEVERAL = re.compile(r"&|\+|\b(?:and|plus)\b|\s및\s|와\s|(?<!사)과\s")  # 사과 is an apple
MEASURES = re.compile(r"[\s-]*(?:[x×]?\d[\d.,]*\s*(?:%|[a-z]{1,3}|pack|pieces|개입|개|입|매|병|인분)?)$")
PARTS = re.compile(r"\s*(?:[,&/+·]|\band\b|\s및\s)\s*")


@dataclass(frozen=True)
class DrawingChoice:
    """The drawing's name in `drawings.json`, and the kind of pack around it."""

    drawing: str
    pack: str


@dataclass(frozen=True)
class _Grocery:
    products: tuple[tuple[re.Pattern[str], DrawingChoice], ...]
    categories: tuple[tuple[re.Pattern[str], DrawingChoice], ...]


def choose_product_drawing(product_type: str, title: str) -> DrawingChoice | None:
    """Choose what a product of any shop shows: by its type, by its title where it has none; `None` if nothing fits."""
    name = ASIDES.sub(" ", product_type or title).lower()
    if SEVERAL.search(name):
        return None
    name = FOLLOWS_THE_NAME.split(name.strip(), maxsplit=1)[0].strip()
    while (shorter := MEASURES.sub("", name)) != name:
        name = shorter
    found = _find_thing(name)
    return found if found is not None and found.pack else None


def choose_grocery_drawing(product_type: str, title: str, category_name: str) -> DrawingChoice | None:
    """Choose by a grocer's words: by type (title where there is none), else by category."""
    grocery = _read_grocery()
    for text, patterns in ((product_type or title, grocery.products), (category_name, grocery.categories)):
        look = next((look for pattern, look in patterns if pattern.search(text.lower())), None)
        if look is not None:
            return look
    return None


def choose_department_drawing(name: str) -> str | None:
    """Choose the drawing of a department whose name, or a part of it ("Fruit & Vegetables"), is a thing's."""
    found = (_find_thing(part.strip()) for part in PARTS.split(ASIDES.sub(" ", name).lower()))
    return next((look.drawing for look in found if look is not None), None)


def list_drawings() -> frozenset[str]:
    """Return the names of all drawings."""
    return frozenset(_read_drawings())


@cache
def load_drawing(name: str) -> str:
    """Return the body of a drawing, on a field of 32 x 32."""
    return _read_drawings()[name]


def _find_thing(name: str) -> DrawingChoice | None:
    """Find the longest name of a thing that a text ends with: a whole word, in Korean also the end of one."""
    things = _read_things()
    starts = (at for at in range(len(name)) if at == 0 or not name[at - 1].isalnum() or KOREAN.match(name[at]))
    found = next((things[name[at:]] for at in starts if name[at:] in things), None)
    return found if found is not None and found.drawing else None


@cache
def _read_drawings() -> dict[str, str]:
    drawings: dict[str, str] = json.loads((FOLDER / "drawings.json").read_text(encoding="utf-8"))["drawings"]
    return drawings


@cache
def _read_things() -> dict[str, DrawingChoice]:
    """Read the names of things, English ones also in the plural. What fits products goes before departments' names."""
    things: dict[str, DrawingChoice] = {}
    with (FOLDER / "things.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for word in row["words"].split(";"):
                for name in (word,) if KOREAN.search(word) else (word, f"{word}s"):
                    if name not in things or row["pack"]:
                        things[name] = DrawingChoice(row["drawing"], row["pack"])
    return things


@cache
def _read_grocery() -> _Grocery:
    products: list[tuple[re.Pattern[str], DrawingChoice]] = []
    categories: list[tuple[re.Pattern[str], DrawingChoice]] = []
    with (FOLDER / "grocery.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            target = categories if row["keyword"].startswith("*") else products
            pattern = re.compile(rf"\b{re.escape(row['keyword'].lstrip('*'))}(?:{ENDINGS})?\b")
            target.append((pattern, DrawingChoice(row["drawing"], row["pack"])))
    return _Grocery(tuple(products), tuple(categories))
