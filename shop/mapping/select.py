"""SQL of a mapping: each canonical table as a derived table over the shop's own, for SQLite, MySQL and MariaDB.

The derived tables are merged into the statements around them, so the shop's own indexes serve. What a field means is
computed in them: units, time zones and translated values are the same for reading, hashing and checksums.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Dialect,
    Select,
    case,
    column,
    func,
    literal_column,
    null,
    quoted_name,
    select,
    table,
    text,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.sql.expression import ColumnElement, FromClause

from shop.mapping.canonical import CANONICAL_TABLES, SHARES, CanonicalTable, Field, Kind, Scalar
from shop.mapping.model import ShopMapping
from shop.mapping.sections import ColumnMapping, Section
from shop.mapping.time_zones import list_offsets
from shop.money import DIGITS, Currency

SOURCE = "source"
"""Name under which a SELECT of the mapping stands in the statements."""


@dataclass(frozen=True)
class TableSource:
    """One canonical table as a derived table.

    Attributes:
        sql: what stands after FROM, for a driver that is given no parameters (MySQL's halves percent signs); its alias
            is the table's name, its columns are the fields' names.
        has_changes: `updated_at` tells what changed.
    """

    sql: str
    has_changes: bool

    @property
    def fingerprint(self) -> str:
        """Hash what the rows are computed from: another one means that stored rows may mean something else."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def build_sources(mapping: ShopMapping, dialect_name: str, currency: Currency | None = None) -> dict[str, TableSource]:
    """Write every canonical table over the shop's own.

    Args:
        mapping: what the shop's tables mean.
        dialect_name: `sqlite`, `mysql` or `mariadb`.
        currency: of the shop's prices, whose smallest unit amounts are rounded to; as they are if not given.

    Returns:
        A source for each canonical table; one without rows if the mapping does not have it.
    """
    return {
        one.name: build_source(mapping.describe(one), mapping.section(one.name), dialect_name, currency)
        for one in CANONICAL_TABLES
    }


def build_source(
    canonical: CanonicalTable, section: Section | None, dialect_name: str, currency: Currency | None = None
) -> TableSource:
    """Write one canonical table, as the mapping describes it, over the shop's own."""
    dialect: Dialect = sqlite.dialect() if dialect_name == "sqlite" else mysql.dialect()
    if section is None:
        columns: list[ColumnElement[Any]] = [null().label(field.name) for field in canonical.columns]
        nothing: Select[*tuple[Any, ...]] = select(*columns).select_from(
            select(literal_column("1").label("one")).subquery("no_rows")
        )
        return TableSource(_compile(nothing.where(literal_column("1 = 0")), canonical.name, dialect), has_changes=True)
    fields: list[ColumnElement[Any]] = [
        _round(_express(field, section, dialect), field, currency, dialect).label(field.name)
        for field in canonical.columns
    ]
    query: Select[*tuple[Any, ...]] = select(*fields).select_from(select_from(section))
    if section.where is not None:
        query = query.where(text(write_condition(section.where)))
    for left_out in section.left_out.values():
        query = query.where(text(f"{write_condition(left_out)} IS NOT TRUE"))
    return TableSource(_compile(query, canonical.name, dialect), section.has_changes)


def select_from(section: Section) -> FromClause:
    """Return the shop's table, or the mapping's SELECT under the name `source`."""
    if section.select is not None:
        return text(_keep_colons(section.select)).columns().subquery(SOURCE)
    assert section.table is not None
    schema, _, name = section.table.rpartition(".")
    return table(_quoted(name), schema=_quoted(schema) if schema else None)


def write_condition(sql: str) -> str:
    """Write a condition of the mapping for `text` in a statement over `select_from`."""
    return f"({_keep_colons(sql)})"


def _compile(query: Select[*tuple[Any, ...]], name: str, dialect: Dialect) -> str:
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return f"({compiled}) AS {name}"


def _quoted(name: str) -> quoted_name:
    return quoted_name(name, quote=True)


def _keep_colons(sql: str) -> str:
    """Hide colons from SQLAlchemy, to which they mean a parameter."""
    return sql.replace(":", "\\:")


def _express(field: Field, section: Section, dialect: Dialect) -> ColumnElement[Any]:
    """Write one field as an expression over the source."""
    given = section.columns.get(field.name)
    if given is None:
        assert field.absence is not None
        if field.name == "created_at" and "ordered_at" in section.columns:
            return _express(Field("ordered_at", Kind.INSTANT, is_nullable=False), section, dialect)
        return _literal(field.absence.value, field.kind, dialect)
    if not given.names:
        return _literal(given.value, field.kind, dialect)
    expression = _join(given.names, dialect)
    for blank in given.blanks:
        expression = func.nullif(expression, _literal(blank, field.kind, dialect))
    if given.values:
        expression = _translate(str(expression.compile(dialect=dialect)), given, field.kind, dialect)
    elif given.rounded:
        expression = _round_away_from_zero(str(expression.compile(dialect=dialect)), dialect)
    elif field.kind is Kind.MONEY and (given.money or section.money) == "cents":
        expression = literal_column(f"({expression.compile(dialect=dialect)} / 100.0)")
    elif field.kind is Kind.INSTANT:
        expression = _to_utc(expression, given.time_zone or section.time_zone, dialect)
    if given.default is not None:
        expression = func.coalesce(expression, _literal(given.default, field.kind, dialect))
    return expression


def _join(names: tuple[str, ...], dialect: Dialect) -> ColumnElement[Any]:
    """Make one id of several columns, `a/b`, as RFC 6901 does: `~` and `/` within them become `~0` and `~1`."""
    if len(names) == 1:
        return column(_quoted(names[0]))
    parts = (str(column(_quoted(name)).compile(dialect=dialect)) for name in names)
    digits = "CASE TYPEOF({0}) WHEN 'blob' THEN LOWER(HEX({0})) ELSE CAST({0} AS TEXT) END"
    texts = (digits.format(part) if dialect.name == "sqlite" else part for part in parts)
    escaped = [f"REPLACE(REPLACE({text}, '~', '~0'), '/', '~1')" for text in texts]
    if dialect.name == "sqlite":
        return literal_column("(" + " || '/' || ".join(escaped) + ")")
    return literal_column("CONCAT(" + ", '/', ".join(escaped) + ")")


def _translate(name: str, given: ColumnMapping, kind: Kind, dialect: Dialect) -> ColumnElement[Any]:
    """Give values their meaning; they are compared as text, byte by byte."""
    is_sqlite = dialect.name == "sqlite"
    compared: ColumnElement[Any] = literal_column(
        f"CAST({name} AS TEXT)" if is_sqlite else f"CONVERT({name} USING utf8mb4) COLLATE utf8mb4_bin"
    )
    meanings: dict[Scalar, list[ColumnElement[Any]]] = {}
    for value, meaning in given.values.items():
        meanings.setdefault(meaning, []).append(_literal(value, Kind.TEXT, dialect))
    return case(
        *((compared.in_(values), _literal(meaning, kind, dialect)) for meaning, values in meanings.items()),
        else_=_literal(given.otherwise, kind, dialect),
    )


def _round(amount: ColumnElement[Any], field: Field, currency: Currency | None, dialect: Dialect) -> ColumnElement[Any]:
    """Round an amount to what can be charged, halves away from zero, as `Currency.round_half_up` does.

    SQLite's numbers are doubles, of which it rounds 15 digits; a word among them stays one.
    """
    if currency is None or field.kind is not Kind.MONEY or field.name in SHARES:
        return amount
    written = amount.compile(dialect=dialect)
    if dialect.name == "sqlite":
        is_number = f"TYPEOF({written}) IN ('integer', 'real')"
        return literal_column(f"CASE WHEN {is_number} THEN ROUND({written}, {currency.decimals}) ELSE {written} END")
    return literal_column(f"CAST({written} AS DECIMAL({2 * DIGITS}, {currency.decimals}))")


def _round_away_from_zero(number: str, dialect: Dialect) -> ColumnElement[Any]:
    """Make a weight whole pieces, at least one either way; 0 stays nothing."""
    largest, integer = ("MAX", "INTEGER") if dialect.name == "sqlite" else ("GREATEST", "SIGNED")
    return literal_column(f"CAST(SIGN({number}) * {largest}(1, ROUND(ABS({number}))) AS {integer})")


def _to_utc(expression: ColumnElement[Any], zone: str, dialect: Dialect) -> ColumnElement[Any]:
    """Move a local time to UTC, by plain numbers."""
    offsets = list_offsets(zone)
    if len(offsets) == 1 and offsets[0].seconds == 0:
        return expression
    name, stamp = expression.compile(dialect=dialect), "" if dialect.name == "sqlite" else "TIMESTAMP"
    seconds = f"{offsets[-1].seconds:d}"
    if changes := offsets[:-1]:
        branches = (f"WHEN {name} >= {stamp}'{one.local_from}' THEN {one.seconds:d}" for one in changes)
        seconds = f"CASE {' '.join(branches)} ELSE {seconds} END"
    if dialect.name == "sqlite":
        moved = f"STRFTIME('%Y-%m-%d %H:%M:%S', {name}, PRINTF('%d seconds', -({seconds})))"
        return literal_column(f"({moved} || SUBSTR({name}, 20))")
    return literal_column(f"({name} - INTERVAL ({seconds}) SECOND)")


def _literal(value: Scalar | None, kind: Kind, dialect: Dialect) -> ColumnElement[Any]:
    if value is None:
        return null()
    if isinstance(value, bool | int):
        return literal_column(f"{int(value):d}")
    quoted = "'" + value.replace("'", "''") + "'"
    if dialect.name == "sqlite":
        return literal_column(quoted)
    quoted = quoted.replace("\\", "\\\\")
    return literal_column(f"TIMESTAMP{quoted}" if kind is Kind.INSTANT else f"_utf8mb4{quoted}")
