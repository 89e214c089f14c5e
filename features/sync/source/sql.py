"""SQL of hop 1, for MySQL and for SQLite.

The database packs many rows into one value, CSV text of numbers and quoted strings: a server's aggregate and a native
CSV parser together read ten times as many rows a second as a driver that makes a Python object of each cell, and unlike
readers that open connections of their own this stays on one connection, hence in one snapshot. Every identifier comes
from `features/sync/source/columns.py` and every value is an int, so nothing here has to be quoted.
"""

from dataclasses import dataclass

from features.sync.source.columns import UPDATED_AT, Kind, SyncedColumn, SyncedTable

HASH_MASK = 2**31 - 1


@dataclass(frozen=True)
class KeyRange:
    """The keys in `(low, high]`; None leaves that side open."""

    low: int | None = None
    high: int | None = None

    def condition(self, key: str) -> str:
        """Write the range as a condition on a key column."""
        sides = [f"{key} > {self.low:d}"] if self.low is not None else []
        sides += [f"{key} <= {self.high:d}"] if self.high is not None else []
        return " AND ".join(sides) or "1 = 1"


@dataclass(frozen=True)
class Dialect:
    """What the two databases spell differently: `{0}` is a column, `{row}` a packed row, `{key}` the primary key."""

    text: str
    money: str
    instant: str
    instant_literal: str
    modulo: str
    row: str
    cell_separator: str
    rows: str
    rows_by_key: str


# MySQL runs these with `character_set_connection=binary`: numbers and text are then joined without being converted.
# From the year 0, in which TO_SECONDS begins, to 1970 it is 62,167,219,200 seconds.
MYSQL = Dialect(
    text="CONCAT('\"', REPLACE(CONVERT({0} USING utf8mb4), '\"', '\"\"'), '\"')",
    money="{0}",
    instant="TO_SECONDS({0}) * 1000000 + MICROSECOND({0}) - 62167219200000000",
    instant_literal="TIMESTAMP'1970-01-01 00:00:00' + INTERVAL {0:d} MICROSECOND",
    modulo="MOD({0}, {1})",
    row="CONCAT_WS(',', {0})",
    cell_separator=", ",
    rows="GROUP_CONCAT({row} SEPARATOR '\n')",
    rows_by_key="GROUP_CONCAT({row} ORDER BY {key} SEPARATOR '\n')",
)

SQLITE = Dialect(
    text="'\"' || REPLACE({0}, '\"', '\"\"') || '\"'",
    money="CASE WHEN {0} IS NOT NULL THEN PRINTF('%.2f', {0}) END",
    instant="unixepoch({0}) * 1000000 + CAST(SUBSTR({0}, 21, 6) AS INTEGER)",
    instant_literal="STRFTIME('%Y-%m-%d %H:%M:%S', {0:d} / 1000000, 'unixepoch') || PRINTF('.%06d', {0:d} % 1000000)",
    modulo="({0} % {1})",
    row="{0}",
    cell_separator=" || ',' || ",
    rows="CAST(GROUP_CONCAT({row}, CHAR(10)) AS BLOB)",
    rows_by_key="CAST(GROUP_CONCAT({row}, CHAR(10)) AS BLOB)",
)


def pack_cell(column: SyncedColumn, dialect: Dialect) -> str:
    """Write one column as a CSV cell: empty for NULL, and for a date that does not exist (`0000-00-00`)."""
    if column.kind is Kind.TEXT:
        cell = dialect.text.format(column.name)
    elif column.kind is Kind.MONEY:
        cell = dialect.money.format(column.name)
    elif column.kind is Kind.INSTANT:
        cell = dialect.instant.format(column.name)
    else:
        cell = column.name
    return f"IFNULL({cell}, '')" if column.is_nullable or column.kind is Kind.INSTANT else cell


def pack_row(table: SyncedTable, dialect: Dialect) -> str:
    """Write a row as one CSV line."""
    return dialect.row.format(dialect.cell_separator.join(pack_cell(column, dialect) for column in table.columns))


def select_packed(table: SyncedTable, dialect: Dialect, source: str) -> str:
    """Select the number of rows, the packed rows, and how many instants of each column are not NULL."""
    rows = dialect.rows.format(row=pack_row(table, dialect))
    instants = "".join(f", COUNT({column.name})" for column in table.columns if column.kind is Kind.INSTANT)
    return f"SELECT COUNT(*), {rows}{instants} FROM {source}"


def changed_rows(table: SyncedTable, dialect: Dialect, since_micros: int, after_key: int | None, limit: int) -> str:
    """Write the source of the next rows by (`updated_at`, key), for `select_packed`."""
    names = ", ".join(column.name for column in table.columns)
    since = dialect.instant_literal.format(since_micros)
    after = "" if after_key is None else f" AND ({UPDATED_AT} > {since} OR {table.key} > {after_key:d})"
    return (
        f"(SELECT {names} FROM {table.name} WHERE {UPDATED_AT} >= {since}{after} "
        f"ORDER BY {UPDATED_AT}, {table.key} LIMIT {limit:d}) AS page"
    )


def select_range_hash(table: SyncedTable, dialect: Dialect, keys: KeyRange) -> str:
    """Select the count of a key range and the sum of a hash of (key, `updated_at`), computed where the rows are.

    With a = key and b = `updated_at` in microseconds, both cut to 31 bits, a row's hash is (a*b + a*a) mod (2^31 - 1).
    """
    a = f"({table.key} & {HASH_MASK})"
    b = f"(IFNULL({dialect.instant.format(UPDATED_AT)}, 0) & {HASH_MASK})"
    row_hash = dialect.modulo.format(f"({a} * {b} + {a} * {a})", HASH_MASK)
    return f"SELECT COUNT(*), IFNULL(SUM({row_hash}), 0) FROM {table.name} WHERE {keys.condition(table.key)}"


def select_range_checksum(table: SyncedTable, dialect: Dialect, keys: KeyRange) -> str:
    """Select count, packed size and SHA-256 of all columns of a key range, in the order of its keys.

    `SHA2` exists on every MySQL and MariaDB; MySQL 9 has dropped `MD5`.
    """
    source = f"{table.name} WHERE {keys.condition(table.key)}"
    if dialect is SQLITE:
        source = f"(SELECT * FROM {source} ORDER BY {table.key})"
    rows = dialect.rows_by_key.format(row=pack_row(table, dialect), key=table.key)
    packed = f"SELECT COUNT(*) AS num_rows, {rows} AS packed FROM {source}"
    return f"SELECT num_rows, IFNULL(LENGTH(packed), 0), SHA2(IFNULL(packed, ''), 256) FROM ({packed}) AS whole"
