"""Tables of the copy: the canonical ones with the columns that pages read, or whole for a sync that reads the copy."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, String, TableClause, column, table
from sqlalchemy.types import TypeEngine

from shop.mapping.canonical import (
    CANONICAL_TABLES,
    CREATED_AT,
    PLATFORM_TABLES,
    UPDATED_AT,
    CanonicalTable,
    Field,
    Kind,
)
from shop.tables import Money, UtcDateTime

SHELVES = frozenset({"categories", "products"})
"""Tables that pages must not show as they were: without a change column they are compared in each round."""

_DATED = frozenset({"product_reviews"})
"""Tables whose `created_at` is shown."""

_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.INTEGER: BigInteger(),
    Kind.FLAG: Boolean(),
    Kind.MONEY: Money(),
    Kind.TEXT: String(),
    Kind.INSTANT: UtcDateTime(),
}


@dataclass(frozen=True)
class CopiedTable:
    """One canonical table, and the fields of it that are copied.

    Attributes:
        is_whole: all rows are copied, and `updated_at` is when their copies last changed.
    """

    name: str
    key: str
    fields: tuple[Field, ...]
    is_whole: bool = False

    @property
    def key_place(self) -> int:
        """Return the place of the key among the fields."""
        return [field.name for field in self.fields].index(self.key)

    def describe(self) -> TableClause:
        """Describe the table of the platform's database that holds the copy."""
        columns = [column(field.name, _TYPES[field.kind]) for field in self.fields]
        stamp = [column(UPDATED_AT, UtcDateTime())] if self.is_whole else []
        return table(self.name, *columns, *stamp)


def _choose_fields(canonical: CanonicalTable) -> CopiedTable:
    stamps = {UPDATED_AT} if canonical.name in _DATED else {CREATED_AT, UPDATED_AT}
    fields = tuple(field for field in canonical.columns if field.name not in stamps)
    return CopiedTable(canonical.name, canonical.key, fields)


def _choose_all_fields(canonical: CanonicalTable) -> CopiedTable:
    fields = tuple(field for field in canonical.columns if field.name != UPDATED_AT)
    return CopiedTable(canonical.name, canonical.key, fields, is_whole=True)


_OF_THE_SHOP = [canonical for canonical in CANONICAL_TABLES if canonical.name not in PLATFORM_TABLES]

COPIED_TABLES: tuple[CopiedTable, ...] = tuple(map(_choose_fields, _OF_THE_SHOP))
"""What pages read."""

WHOLE_TABLES: tuple[CopiedTable, ...] = tuple(map(_choose_all_fields, _OF_THE_SHOP))
"""What pages and the sync read, of a shop that has ids of text."""
