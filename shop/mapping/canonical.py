"""Canonical tables: what the platform knows of a shop, and what a shop that lacks a field goes without."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Boolean, Integer, String, Table

from shop.tables import DECLARED, Money, PlatformBase, UtcDateTime

CREATED_AT = "created_at"
UPDATED_AT = "updated_at"
MAX_KEY = 2**63 - 1
"""The largest whole number that a key, or any field, may hold."""
KNOWN_SINCE_EVER = "1970-01-01 00:00:00"
"""`created_at` of rows whose shop does not tell it."""

SHARES = frozenset({"discount_value", "propensity"})
"""Amounts that may be percentages: they are as fine in any currency, and what they take off is rounded when they do."""

Scalar = str | int | bool


class Kind(StrEnum):
    """What a field holds, apart from how a database spells its type."""

    INTEGER = "integer"
    FLAG = "flag"
    MONEY = "money"
    TEXT = "text"
    INSTANT = "instant"
    ID = "id of text"
    """A key, or a reference to one, of a shop whose mapping says so; its canonical kind is `INTEGER`."""


@dataclass(frozen=True)
class Absence:
    """What stands in for a field that a shop does not have, and what that costs, for a person."""

    value: Scalar | None
    cost: str


@dataclass(frozen=True)
class Field:
    """One field of a canonical table; without an `absence` every shop has to have it."""

    name: str
    kind: Kind
    is_nullable: bool
    absence: Absence | None = None


@dataclass(frozen=True)
class CanonicalTable:
    """One table: its integer primary key, its fields, and the tables that its fields point at."""

    name: str
    key: str
    columns: tuple[Field, ...]
    parents: Mapping[str, str]


# Parents before children, so that an orphan is known when it is met.
_NAMES = (
    "categories", "users", "products", "product_categories", "product_images", "coupons", "orders", "order_items",
    "user_coupons", "product_reviews", "events", "shopper_choices",
)  # fmt: skip

PLATFORM_TABLES = frozenset(_NAMES) & PlatformBase.metadata.tables.keys()
"""Those that the platform writes itself, in its own database."""

PAGE_TABLES = frozenset({"product_categories", "product_images"})
"""Those that pages alone read: they are copied, and do not cross into the ML store."""

LOOSE_REFERENCES = {"products": {"family_id": "products"}}
"""Fields that may hold an id of a table, and need not name a row of it: they are of the kind that its ids are."""

REQUIRED_TABLES = frozenset({"categories", "users", "products", "orders", "order_items"})
"""A shop may lack the others: they are empty then."""

_NEEDED = frozenset({"orders.user_id"})
"""Fields that may be empty in a row, and that a shop has to have all the same."""

_ABSENCES = {
    "users.nickname": Absence("", "pages greet nobody by name"),
    "categories.position": Absence(0, "departments have no order of the shop's own"),
    "products.brand": Absence(None, "features and reasons of brands say nothing"),
    "products.product_type": Absence(
        None, "a category's products count as one type: types say no more than categories"
    ),
    "products.size": Absence(None, "products of several sizes are told apart by their titles alone"),
    "products.description": Absence(None, "product pages show no description"),
    "products.family_id": Absence(None, "variants of one thing count as products that have nothing in common"),
    "products.regular_price": Absence(None, "pages do not show what a reduced product cost before"),
    "products.stock": Absence(1, "every product counts as in stock: sold-out ones are ranked too"),
    "products.is_visible": Absence(True, "every product counts as on sale: hidden ones are ranked too"),
    "product_images.position": Absence(0, "of several pictures of a product any may stand in lists"),
    "orders.status": Absence("placed", "every order counts as bought, cancelled ones too"),
    "orders.total_amount": Absence(0, "what an order cost in all is not known; no feature uses it"),
    "order_items.quantity": Absence(1, "each line counts as one piece"),
    "order_items.discount_amount": Absence(0, "features of discounts say nothing"),
    "orders.created_at": Absence(KNOWN_SINCE_EVER, "orders count as known when they were placed"),
}
_NO_CREATED_AT = Absence(
    KNOWN_SINCE_EVER,
    "rows count as known since ever, and a sync that meets another shop's rows cannot tell them by this table",
)
_NO_UPDATED_AT = Absence(None, "no change column: each sync compares all its rows by checksum")
_NOT_COPIED_AT_ONCE = Absence(None, "no change column: every tenth round of the copy compares all of them")


def _kind_of(table: Table, name: str) -> Kind:
    declared = table.columns[name].type
    for kind, types in {
        Kind.INSTANT: UtcDateTime,
        Kind.MONEY: Money,
        Kind.FLAG: Boolean,
        Kind.INTEGER: Integer,
        Kind.TEXT: String,
    }.items():
        if isinstance(declared, types):
            return kind
    raise TypeError(f"{table.name}.{name} is {declared!r}, a type that the sync does not carry: add its kind here.")


def _find_absence(table: str, name: str, is_nullable: bool) -> Absence | None:
    if (named := _ABSENCES.get(f"{table}.{name}")) is not None:
        return named
    if name == CREATED_AT:
        return _NO_CREATED_AT
    if name == UPDATED_AT:
        return _NOT_COPIED_AT_ONCE if table in PAGE_TABLES else _NO_UPDATED_AT
    return Absence(None, "it stays empty") if is_nullable and f"{table}.{name}" not in _NEEDED else None


def _describe(name: str) -> CanonicalTable:
    table = DECLARED[name]
    (key,) = table.primary_key.columns.keys()
    parents = {
        foreign_key.parent.name: foreign_key.column.table.name
        for foreign_key in table.foreign_keys
        if foreign_key.column.table.name in _NAMES
    }
    columns = tuple(
        Field(
            column.name,
            _kind_of(table, column.name),
            bool(column.nullable),
            _find_absence(name, column.name, bool(column.nullable)),
        )
        for column in table.columns
    )
    return CanonicalTable(name, key, columns, parents)


CANONICAL_TABLES: tuple[CanonicalTable, ...] = tuple(_describe(name) for name in _NAMES)
