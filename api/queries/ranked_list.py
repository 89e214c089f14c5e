"""Published lists of ranked products, parsed from JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson


class Entry(NamedTuple):
    """A product as it was ranked."""

    product_id: int
    category_id: int
    score: float
    reason: str


StoredEntry = Sequence[Any]
"""An `Entry`, or the same four values as they are stored: giving names to a hundred of them costs more than reading."""


def parse_list(text: str) -> list[StoredEntry]:
    """Read a stored list as it is, for pages that look at a fifth of it."""
    entries: list[StoredEntry] = orjson.loads(text)
    return entries


def parse_entries(text: Any) -> list[Entry]:
    """Read a stored list with names: `[[product_id, category_id, score, reason_code], ...]`."""
    return list(map(Entry._make, orjson.loads(text)))
