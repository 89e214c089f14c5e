"""Published lists of ranked products, parsed from JSON and checked entry by entry.

What cannot be used costs itself and is counted: an entry leaves the list, a list that is none is empty, and the next
rung follows.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import inf
from typing import Any, NamedTuple

import orjson

from api.schemas import MAX_ID
from api.web.metrics import count_unusable

BOUGHT_BEFORE = "bought_before"
"""Reason of each product of a user's list that the user bought, and of no other."""

BOUGHT_TOGETHER, FAVOURITE_TYPE = "bought_together", "favourite_type"
"""Further reasons: it goes with what the user bought; the user buys its kind."""

LENGTH = 4
"""Values of an entry."""

LONGEST_REASON = 32
"""Characters of a reason's code. Answers name codes in a header, which holds no text of any kind."""


class Entry(NamedTuple):
    """A product as it was ranked."""

    product_id: int
    category_id: int
    score: float
    reason: str


StoredEntry = Sequence[Any]
"""An `Entry`, or the same four values as they are stored: giving names to a hundred of them costs more than reading."""


def parse_list(text: str) -> list[Any]:
    """Read a stored list as it is, for pages that look at a fifth of it; `keep_usable` checks what is looked at.

    One that holds NaN or numbers of any size is read too.
    """
    try:
        items = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            items = None
    if isinstance(items, list):
        return items
    count_unusable("list", text)
    return []


def parse_entries(text: Any) -> list[Entry]:
    """Read a stored list with names: `[[product_id, category_id, score, reason_code], ...]`."""
    return [Entry._make(item) for item in keep_usable(parse_list(text))]


def keep_usable(items: Iterable[Any]) -> Iterator[StoredEntry]:
    """Yield the entries of a list, and count what is none."""
    for item in items:
        if type(item) is list and len(item) == LENGTH:
            product_id, category_id, score, reason = item
            if (
                type(product_id) is int
                and type(category_id) is int
                and type(reason) is str
                and (type(score) is float or type(score) is int)
                and 0 <= product_id <= MAX_ID
                and 0 <= category_id <= MAX_ID
                and -inf < score < inf
                and _is_code(reason)
            ):
                yield item
                continue
        count_unusable("list entry", item)


@lru_cache(256)
def _is_code(reason: str) -> bool:
    return len(reason) <= LONGEST_REASON and reason.isascii() and reason.isidentifier()
