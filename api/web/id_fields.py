"""Which fields of requests and answers hold ids of the shop's, and where they are in a document of JSON.

Addresses of pictures hold numbers whatever the shop's ids are: answers name them whole.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from shop.mapping.id_map import digest_of

KIND_OF_FIELD = {
    "product_id": "products",
    "product_ids": "products",
    "goes_with": "products",
    "category_id": "categories",
    "family_id": "products",
    "user_id": "users",
    "order_id": "orders",
    "coupon_id": "coupons",
    "coupon_ids": "coupons",
    "without_coupon_ids": "coupons",
}
"""Kinds as the id map has them. Fields of other names hold no ids of the shop's: `request_id`, `batch_id`."""

NAMED_FIELD = "field"
"""Of an error: names a line of the cart, among others."""

_NAMED = re.compile(r"(?P<field>product|coupon) (?P<number>[0-9]+)")

FIRST_STAND_IN = 2**62
"""Numbers from here on are nobody's: those of the id map count from 1."""


class TextId(NamedTuple):
    """An id as the shop spells it."""

    kind: str
    text: str

    def stand_in(self) -> int:
        """Return a number for an id that has none: always the same for one, and nobody's."""
        return FIRST_STAND_IN + int(digest_of(f"{self.kind}:{self.text}")[:15], 16)


class NumberedId(NamedTuple):
    """An id as it is inside."""

    kind: str
    number: int


OwnIds = Mapping[NumberedId, str]
"""Ids of a request as the shop spells them."""


class IdPlace(NamedTuple):
    """Where a document holds an id: a value of an object, an entry of a list, or the last word of `before`."""

    holder: Any
    key: Any
    kind: str
    value: Any
    before: str = ""

    def put(self, value: int | str) -> None:
        """Put another spelling of the id into its place."""
        self.holder[self.key] = f"{self.before}{value}" if self.before else value


def find_ids(document: Any, kinds: frozenset[str]) -> Iterator[IdPlace]:
    """Find all ids of some kinds in a document, at whatever depth.

    Args:
        document: as `json.loads` gives it.
        kinds: of the ids that are looked for.
    """
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, list):
            waiting += holder
        elif isinstance(holder, dict):
            for field, value in holder.items():
                kind = KIND_OF_FIELD.get(field)
                if kind in kinds and isinstance(value, list):
                    yield from (IdPlace(value, at, kind, each) for at, each in enumerate(value) if _may_be_id(each))
                elif kind in kinds:
                    if _may_be_id(value):
                        yield IdPlace(holder, field, kind, value)
                elif field == NAMED_FIELD and isinstance(value, str):
                    yield from _find_named(holder, value, kinds)
                elif isinstance(value, list | dict):
                    waiting.append(value)


def _find_named(holder: dict[str, Any], value: str, kinds: frozenset[str]) -> Iterator[IdPlace]:
    found = _NAMED.fullmatch(value)
    if found and (kind := KIND_OF_FIELD[f"{found['field']}_id"]) in kinds:
        yield IdPlace(holder, NAMED_FIELD, kind, int(found["number"]), f"{found['field']} ")


def _may_be_id(value: Any) -> bool:
    """Return whether a value can be an id; what can be none is left to whoever checks the document."""
    return isinstance(value, int | str) and not isinstance(value, bool)
