"""Values of a file as its mapping says they are written: numbers, dates in stated formats and zones."""

import re

import polars as pl

from shop.loaders.canonical import Column, Kind
from shop.loaders.reading import EXPECTED, blank_to_null, read_column
from shop.mapping.files import FileColumn, FileTable

ZONED = r"\d\s*(?:Z|z|UTC|[+-]\d{2}(?::?\d{2})?)$"
TIME = r"\d:\d{2}"
_KINDS: dict[str, Kind] = {"text": "text", "number": "number", "integer": "id", "instant": "instant"}


def read_values(values: pl.Series, column: FileColumn, table: FileTable) -> tuple[pl.Series, pl.Series]:
    """Read what a file holds in one column.

    Args:
        values: the texts.
        column: says what they are.
        table: says how they are written.

    Returns:
        The values (text, Float64, Int64, or instants in UTC) with null for blanks, and which of them cannot be read.
    """
    kind = Column(column.header, _KINDS[column.kind])
    given = blank_to_null(values, kind)
    if column.kind == "text":
        read = given
    elif column.kind == "instant":
        read = _read_instants(given.str.strip_chars(), table, kind)
    else:
        read = read_column(_spell_plainly(given.str.strip_chars(), table), kind)
        read = read.cast(pl.Float64) if column.kind == "number" else read
    return read, read.is_null() & given.is_not_null()


def describe_kind(column: FileColumn, table: FileTable) -> str:
    """Say for a person what a column should hold."""
    if column.kind == "instant" and table.dates:
        return f"a date as {' or '.join(table.dates)}"
    return EXPECTED[_KINDS[column.kind]]


def _spell_plainly(numbers: pl.Series, table: FileTable) -> pl.Series:
    """Write numbers with a point and nothing between their digits; null where the marks do not stand as stated."""
    decimal, thousands = re.escape(table.decimal), re.escape(table.thousands)
    grouped = rf"\d{{1,3}}(?:{thousands}\d{{3}})+|" if thousands else ""
    fits = numbers.str.contains(rf"^[+-]?(?:{grouped}\d*)(?:{decimal}\d*)?$")
    plain = numbers.str.replace_all(table.thousands, "", literal=True) if thousands else numbers
    return plain.str.replace(table.decimal, ".", literal=True).set(~fits, None)


def _read_instants(values: pl.Series, table: FileTable, kind: Column) -> pl.Series:
    """Read dates; those without a zone are of the table's, an hour that comes twice is the first of the two."""
    if not table.dates:
        has_zone = values.str.contains(TIME) & values.str.contains(ZONED)
        read = read_column(values, kind)
        return read.zip_with(has_zone.fill_null(False), _to_utc(read.dt.replace_time_zone(None), table.time_zone))
    tries = []
    for form in table.dates:
        read = values.str.to_datetime(form, time_unit="us", strict=False)
        is_local = not isinstance(read.dtype, pl.Datetime) or read.dtype.time_zone is None
        tries.append(_to_utc(read, table.time_zone) if is_local else read.dt.convert_time_zone("UTC"))
    found = pl.select(pl.coalesce(*tries)).to_series()
    return found.set(~found.dt.year().is_between(1900, 2199), None)


def _to_utc(local: pl.Series, zone: str) -> pl.Series:
    placed = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")
