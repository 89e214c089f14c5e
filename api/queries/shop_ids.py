"""Queries of the id map: numbers of a shop's ids of text, and the ids of numbers (`shop/mapping/id_map.py`)."""

from collections import defaultdict
from collections.abc import Collection, Generator, Iterable
from typing import TypeVar

from sqlalchemy import bindparam, select

from api.db.statements import IDS, Asked, Prepared, Rows, Script
from api.web.id_fields import NumberedId, TextId
from shop.mapping.id_map import digest_of
from shop.tables import ShopId

Value = TypeVar("Value", int, str)

_OF_KIND = ShopId.kind == bindparam("kind")
_NUMBERS = Prepared(select(ShopId.digest, ShopId.number).where(_OF_KIND, ShopId.digest.in_(IDS)))
_TEXTS = Prepared(select(ShopId.number, ShopId.text).where(_OF_KIND, ShopId.number.in_(IDS)))


@Script
def fetch_numbers(ids: Collection[TextId]) -> Generator[Asked, Rows, dict[TextId, int]]:
    """Read the numbers of ids, without those that have none."""
    numbers: dict[TextId, int] = {}
    for kind, texts in _group(ids).items():
        wanted = {digest_of(text): TextId(kind, text) for text in texts}
        rows = yield _NUMBERS.ask({"kind": kind}, wanted)
        numbers |= {wanted[digest]: number for digest, number in rows}
    return numbers


@Script
def fetch_texts(ids: Collection[NumberedId]) -> Generator[Asked, Rows, dict[NumberedId, str]]:
    """Read the ids as the shop spells them, without those that have no text."""
    texts: dict[NumberedId, str] = {}
    for kind, numbers in _group(ids).items():
        rows = yield _TEXTS.ask({"kind": kind}, numbers)
        texts |= {NumberedId(kind, number): text for number, text in rows}
    return texts


def _group(keys: Iterable[tuple[str, Value]]) -> dict[str, list[Value]]:
    """Group keys by their kinds."""
    groups: defaultdict[str, list[Value]] = defaultdict(list)
    for kind, value in keys:
        groups[kind].append(value)
    return groups
