"""Column types across hop 1: which tables are synced, how each column is packed in SQL and typed in the store.

A packed value reads the same from SQLite and MySQL: money as a decimal with as many places as any currency has,
instants in microseconds since 1970 UTC, flags 0 or 1. So no driver gets to round a price or shift an hour on the way.
"""

from dataclasses import dataclass

import polars as pl

from shop.mapping.canonical import CANONICAL_TABLES, PAGE_TABLES, CanonicalTable, Field, Kind
from shop.money import DIGITS, MOST_DECIMALS

STORE_DTYPES: dict[Kind, pl.DataType] = {
    Kind.INTEGER: pl.Int64(),
    Kind.FLAG: pl.Boolean(),
    Kind.MONEY: pl.Decimal(DIGITS, MOST_DECIMALS),
    Kind.TEXT: pl.String(),
    Kind.INSTANT: pl.Datetime("us", "UTC"),
}

FIRST_MICROS, LAST_MICROS = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999, in microseconds since 1970: what other programs call a date."""

PACKED_DTYPES = {**STORE_DTYPES, Kind.FLAG: pl.Int64(), Kind.INSTANT: pl.Int64()}


@dataclass(frozen=True)
class SyncedTable(CanonicalTable):
    """One canonical table as it crosses and as the store types it."""

    @property
    def store_schema(self) -> pl.Schema:
        """Return the columns as the store types them, without the two of the row's life."""
        return pl.Schema({column.name: STORE_DTYPES[column.kind] for column in self.columns})

    @property
    def packed_schema(self) -> pl.Schema:
        """Return the columns as they travel."""
        return pl.Schema({column.name: PACKED_DTYPES[column.kind] for column in self.columns})

    def unpack(self, packed: pl.DataFrame) -> pl.DataFrame:
        """Turn travelling values into the store's types."""
        return packed.select(_unpack(column) for column in self.columns)

    def pack_rows(self, rows: pl.DataFrame) -> pl.Series:
        """Write each row as the line that the shop hashes: cells with commas between, texts after their length."""
        cells = (_pack(column) for column in self.columns)
        return rows.select(pl.concat_str(cells, separator=",")).to_series()


def _unpack(column: Field) -> pl.Expr:
    value = pl.col(column.name)
    if column.kind is Kind.FLAG:
        return value != 0
    if column.kind is Kind.INSTANT:
        is_date = value.is_between(FIRST_MICROS, LAST_MICROS)
        return pl.when(is_date).then(value).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return value


def _pack(column: Field) -> pl.Expr:
    value = pl.col(column.name)
    if column.kind in (Kind.FLAG, Kind.INSTANT):
        value = value.cast(pl.Int64)
    cell = value.cast(pl.String)
    if column.kind is Kind.TEXT:
        cell = pl.concat_str(value.str.len_bytes(), pl.lit(":"), value)
    return cell.fill_null("")


SYNCED_TABLES: tuple[SyncedTable, ...] = tuple(
    SyncedTable(table.name, table.key, table.columns, table.parents)
    for table in CANONICAL_TABLES
    if table.name not in PAGE_TABLES
)

PARENTS = frozenset(parent for table in SYNCED_TABLES for parent in table.parents.values())
"""Names of the tables that others point at."""
