"""Published lists of ranked products, parsed from JSON."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import orjson

BEGINNING = 1200
"""Characters of a stored list that are taken apart first: some 35 of 100 products."""


class Entry(NamedTuple):
    """A product as it was ranked."""

    product_id: int
    category_id: int
    score: float
    reason: str


StoredEntry = Sequence[Any]
"""An `Entry`, or the same four values as they are stored: giving names to a hundred of them costs more than reading."""


class StoredList:
    """A user's list as it is stored, taken apart as far as it is looked at: few pages need more than its beginning."""

    def __init__(self, text: str):
        """Take the stored text, `[[product_id, category_id, score, reason_code], ...]`."""
        self._text = text

    def __iter__(self) -> Iterator[StoredEntry]:
        """Return the entries, best first."""
        return chain.from_iterable(self._parse())

    def _parse(self) -> Iterator[list[StoredEntry]]:
        end = self._text.find("],", BEGINNING)  # of an entry: reasons are codes, without brackets
        if end < 0:
            yield orjson.loads(self._text)
            return
        yield orjson.loads(f"{self._text[: end + 1]}]")
        yield orjson.loads(f"[{self._text[end + 2 :]}")


def parse_entries(text: Any) -> list[Entry]:
    """Read a stored list: `[[product_id, category_id, score, reason_code], ...]`."""
    return list(map(Entry._make, orjson.loads(text)))
