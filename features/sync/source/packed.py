"""Rows as the shop packs them, turned into the store's types; a value that is none of its column's is named."""

from dataclasses import dataclass

import polars as pl

from features.sync.source.columns import SyncedTable
from features.sync.source.sql import Dialect
from shop.mapping.canonical import Kind


@dataclass(frozen=True)
class Packed:
    """Rows as the shop sent them."""

    num_rows: int
    data: bytes
    num_instants: tuple[int, ...]


@dataclass(frozen=True)
class Page:
    """Rows in the store's types, by key, and how many of their dates do not exist (`0000-00-00`) and became null."""

    rows: pl.DataFrame
    num_zero_dates: int


def unpack(table: SyncedTable, dialect: Dialect, packed: Packed) -> Page | None:
    """Turn packed rows into the store's types, or None when one of their values is none of its column's."""
    rows = table.packed_schema.to_frame()
    if packed.data:
        try:
            rows = pl.read_csv(_to_csv(dialect, packed.data), has_header=False, schema=table.packed_schema)
        except pl.exceptions.PolarsError:
            return None
    if rows.height != packed.num_rows:
        return None
    rows = table.unpack(rows)
    if any(rows[name].has_nulls() for name in _list_required(table)):
        return None
    rows = rows if rows[table.key].is_sorted() else rows.sort(table.key)
    instants = [column.name for column in table.columns if column.kind is Kind.INSTANT]
    num_known = sum(rows.height - rows[name].null_count() for name in instants)
    return Page(rows, sum(packed.num_instants) - num_known)


def _list_required(table: SyncedTable) -> list[str]:
    """List the columns that must have a value; a date that does not exist is none, and counted."""
    return [column.name for column in table.columns if not column.is_nullable and column.kind is not Kind.INSTANT]


def _to_csv(dialect: Dialect, data: bytes) -> bytes:
    """Put CSV's quotation marks in place of the byte that the shop quotes text with."""
    if dialect.quote is None:
        return data
    if b'"' in data:
        data = data.replace(b'"', b'""')
    return data.replace(dialect.quote, b'"')


def find_fault(table: SyncedTable, dialect: Dialect, packed: Packed) -> str:
    """Say which value of a single row cannot be read; texts are not shown, they may be personal."""
    try:
        row = pl.read_csv(
            _to_csv(dialect, packed.data),
            has_header=False,
            schema=dict.fromkeys(table.packed_schema, pl.String()),
            encoding="utf8-lossy",
        )
    except pl.exceptions.PolarsError:
        return "its columns cannot be told apart"
    for name, dtype in table.packed_schema.items():
        value = row[name]
        if value.cast(dtype, strict=False).null_count() > value.null_count():
            return f"{name} is {value[0]!r}, which is no {dtype}"
    for name in _list_required(table):
        if row[name].has_nulls():
            return f"{name} is NULL, or has a value that the mapping does not know"
    return "a text in it is not UTF-8"
