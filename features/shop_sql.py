"""The SQL that hop 1 sends to a shop, spelled for MySQL and for SQLite.

The database packs a page of rows into one value, CSV text of integers and quoted strings: a server's aggregate and a
native CSV parser together read ten times as many rows a second as a driver that makes Python objects of each cell, and
unlike the parallel readers this stays on one connection, hence in one snapshot. Every identifier comes from
`features/shop_columns.py`, every number is an int, so nothing here quotes what came from outside.
"""

from dataclasses import dataclass

from features.shop_columns import UPDATED_AT, Kind, SyncedColumn, SyncedTable

HASH_MASK = 2**31 - 1


@dataclass(frozen=True)
class KeyRange:
    """The keys in `(low, high]`; None leaves that side open."""

    low: int | None = None
    high: int | None = None

    def condition(self, key: str) -> str:
        """Write the range as a condition on a key column."""
        sides = [f"{key} > {int(self.low)}"] if self.low is not None else []
        sides += [f"{key} <= {int(self.high)}"] if self.high is not None else []
        return " AND ".join(sides) or "1 = 1"


@dataclass(frozen=True)
class Dialect:
    """What the two databases spell differently; `{0}` is the column."""

    text: str
    money: str
    instant: str
    modulo: str
    aggregate: str
    ordered_aggregate: str
    literal: str


MYSQL = Dialect(
    text="CONCAT('\"', REPLACE(CONVERT({0} USING utf8mb4), '\"', '\"\"'), '\"')",
    money="CAST({0} * 100 AS SIGNED)",
    instant="TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {0})",
    modulo="MOD({0}, {1})",
    aggregate="GROUP_CONCAT({cells} SEPARATOR '\n')",
    ordered_aggregate="GROUP_CONCAT({cells} ORDER BY {key} SEPARATOR '\n')",
    literal="'1970-01-01' + INTERVAL {0} MICROSECOND",
)

SQLITE = Dialect(
    text="'\"' || REPLACE({0}, '\"', '\"\"') || '\"'",
    money="CAST(ROUND({0} * 100) AS INTEGER)",
    instant="(unixepoch({0}) * 1000000 + CAST(SUBSTR({0}, 21, 6) AS INTEGER))",
    modulo="({0} % {1})",
    aggregate="CAST(GROUP_CONCAT({cells}, CHAR(10)) AS BLOB)",
    ordered_aggregate="CAST(GROUP_CONCAT({cells}, CHAR(10)) AS BLOB)",
    literal="STRFTIME('%Y-%m-%d %H:%M:%S', {0} / 1000000, 'unixepoch') || PRINTF('.%06d', {0} % 1000000)",
)


def pack_cell(column: SyncedColumn, dialect: Dialect) -> str:
    """Write one column as a CSV cell: empty for NULL, and for a date that does not exist (`0000-00-00`)."""
    if column.kind in (Kind.INTEGER, Kind.FLAG):
        cell = column.name
    elif column.kind is Kind.TEXT:
        cell = dialect.text.format(column.name)
    elif column.kind is Kind.MONEY:
        cell = dialect.money.format(column.name)
    else:
        cell = dialect.instant.format(column.name)
    return f"IFNULL({cell}, '')"


def pack_rows(table: SyncedTable, dialect: Dialect, *, is_ordered: bool = False) -> str:
    """Write the aggregate that packs rows into CSV lines, by key if asked."""
    comma = ", ',', " if dialect is MYSQL else " || ',' || "
    cells = comma.join(pack_cell(column, dialect) for column in table.columns)
    return (dialect.ordered_aggregate if is_ordered else dialect.aggregate).format(cells=cells, key=table.key)


def select_page(table: SyncedTable, dialect: Dialect, condition: str, order_by: str, limit: int) -> str:
    """Select one page: number of rows, the packed rows, and how many instants of each column are not NULL."""
    names = ", ".join(column.name for column in table.columns)
    instants = "".join(f", COUNT({column.name})" for column in table.columns if column.kind is Kind.INSTANT)
    return (
        f"SELECT COUNT(*), {pack_rows(table, dialect)}{instants} FROM "
        f"(SELECT {names} FROM {table.name} WHERE {condition} ORDER BY {order_by} LIMIT {limit}) AS page"
    )


def select_range_hash(table: SyncedTable, dialect: Dialect, keys: KeyRange) -> str:
    """Select the count of a key range and the sum of a hash of (key, `updated_at`), computed where the rows are.

    With a = key and b = updated_at in microseconds, both cut to 31 bits, a row's hash is (a*b + a*a) mod (2^31 - 1).
    """
    a = f"({table.key} & {HASH_MASK})"
    b = f"(IFNULL({dialect.instant.format(UPDATED_AT)}, 0) & {HASH_MASK})"
    row_hash = dialect.modulo.format(f"({a} * {b} + {a} * {a})", HASH_MASK)
    return f"SELECT COUNT(*), IFNULL(SUM({row_hash}), 0) FROM {table.name} WHERE {keys.condition(table.key)}"


def select_range_checksum(table: SyncedTable, dialect: Dialect, keys: KeyRange) -> str:
    """Select count, packed size and MD5 of all rows of a key range, in the order of their keys."""
    source = f"{table.name} WHERE {keys.condition(table.key)}"
    if dialect is SQLITE:
        source = f"(SELECT * FROM {source} ORDER BY {table.key})"
    packed = f"SELECT COUNT(*) AS num_rows, {pack_rows(table, dialect, is_ordered=True)} AS packed FROM {source}"
    return f"SELECT num_rows, IFNULL(LENGTH(packed), 0), MD5(IFNULL(packed, '')) FROM ({packed}) AS whole"
