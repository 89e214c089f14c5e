"""SQL of hop 1, for MySQL and for SQLite.

The database packs many rows into one value, CSV text of numbers and quoted strings: a server's aggregate and a native
CSV parser together read ten times as many rows a second as a driver that makes a Python object of each cell, and unlike
readers that open connections of their own this stays on one connection, hence in one snapshot. What is read
is a derived table of the mapping (`shop/mapping/select.py`), whose columns are the canonical fields; every other value
is an int, so nothing here has to be quoted.

What a value means is packed, not how a column spells it: a flag is 0 or 1, a number has no leading zeros (ZEROFILL), a
date that no calendar has is NULL. No function's cost may follow what a text holds: MariaDB's REPLACE is quadratic in
the number of its finds, so MySQL quotes text with a byte that UTF-8 never has, and checksums take its length instead.
"""

from dataclasses import dataclass

from features.sync.source.columns import SyncedTable
from shop.mapping.canonical import UPDATED_AT, Field, Kind
from shop.money import DIGITS, MOST_DECIMALS

YEAR_0_SECONDS = 62_167_219_200
"""Seconds from the year 0, in which MySQL's TO_SECONDS begins, to 1970."""

LIMB_29, LIMB_30, LIMB_31 = 2**29 - 1, 2**30 - 1, 2**31 - 1
SECONDS_MODULUS = 4_294_967_291
KEY_OFFSET, KEY_OFFSET_OF_MICROS = 605_790_239, 1_380_850_447
"""Constants of `hash_row`: the largest prime below 2^32, and two primes without a pattern."""


@dataclass(frozen=True)
class KeyRange:
    """The keys in `(low, high]`; None leaves that side open."""

    low: int | None = None
    high: int | None = None

    def holds(self, key: int) -> bool:
        """Return whether a key lies in the range."""
        return (self.low is None or key > self.low) and (self.high is None or key <= self.high)

    def condition(self, key: str) -> str:
        """Write the range as a condition on a key column."""
        sides = [f"{key} > {self.low:d}"] if self.low is not None else []
        sides += [f"{key} <= {self.high:d}"] if self.high is not None else []
        return " AND ".join(sides) or "1 = 1"


@dataclass(frozen=True)
class Dialect:
    """What the two databases spell differently: `{0}` is a column, `{row}` a packed row, `{key}` the primary key.

    `quote` is the byte around a text, in place of the quotation mark; None if the text comes quoted as CSV has it.
    """

    integer: str
    flag: str
    money: str
    text: str
    text_checked: str
    no_date: str
    second: str
    microsecond: str
    instant_literal: str
    modulo: str
    row: str
    cell_separator: str
    rows: str
    rows_by_key: str
    total: str
    quote: bytes | None = None

    def cell(self, column: Field, *, checked: bool = False) -> str:
        """Write one column as a cell: empty for NULL, and for a date that does not exist."""
        if column.kind is Kind.INSTANT:
            cell = self.instant(column.name)
        else:
            forms = {Kind.INTEGER: self.integer, Kind.FLAG: self.flag, Kind.MONEY: self.money, Kind.TEXT: self.text}
            form = self.text_checked if checked and column.kind is Kind.TEXT else forms[column.kind]
            cell = form.format(column.name)
        return f"IFNULL({cell}, '')"

    def instant(self, name: str) -> str:
        """Write an instant in microseconds since 1970, NULL for a date that does not exist."""
        micros = f"({self.second} - {YEAR_0_SECONDS}) * 1000000 + {self.microsecond}".format(name)
        return f"CASE WHEN {self.no_date.format(name)} THEN NULL ELSE {micros} END"

    def hash_row(self, key: str, name: str) -> str:
        """Write a hash of a key and an instant, without overflow in 64 bits: `hash_rows` computes the same.

        With a and b two sums of the key's bits and a constant, the hash is a * (seconds mod prime) + b * (1 +
        microseconds): each factor stays below 2^31 or 2^32, none is ever 0, and no bit of either value is left out.
        """
        a = f"(({key} & {LIMB_29}) + (({key} >> 29) & {LIMB_29}) + {KEY_OFFSET})"
        b = f"((({key} >> 33) & {LIMB_31}) + ({key} & {LIMB_30}) + {KEY_OFFSET_OF_MICROS})"
        second, micro = self.second.format(name), self.microsecond.format(name)
        dated = f"{a} * {self.modulo.format(second, SECONDS_MODULUS)} + {b} * (1 + {micro})"
        return f"IFNULL(CASE WHEN {self.no_date.format(name)} THEN NULL ELSE {dated} END, {a} + {b})"


# MySQL runs these with `character_set_connection=binary`: numbers and text are then joined without being converted.
MYSQL = Dialect(
    integer="{0} + 0",
    flag="{0} <> 0",
    money=f"CAST({{0}} AS DECIMAL({2 * DIGITS}, {MOST_DECIMALS}))",  # digits to spare: what is too much is not cut
    text="CONCAT(X'FD', CAST(CONVERT({0} USING utf8mb4) AS BINARY), X'FD')",
    text_checked="CONCAT(LENGTH(CONVERT({0} USING utf8mb4)), ':', CONVERT({0} USING utf8mb4))",
    no_date="DAY({0}) > 28 AND DAY({0}) > DAY(LAST_DAY({0}))",
    second="TO_SECONDS({0})",
    microsecond="MICROSECOND({0})",
    instant_literal="TIMESTAMP'1970-01-01 00:00:00' + INTERVAL {0:d} MICROSECOND",
    modulo="MOD({0}, {1})",
    row="CONCAT_WS(',', {0})",
    cell_separator=", ",
    rows="GROUP_CONCAT({row} SEPARATOR '\n')",
    rows_by_key="GROUP_CONCAT({row} ORDER BY {key} SEPARATOR '\n')",
    total="SUM({0}), 0",
    quote=b"\xfd",
)

# SQLite holds what a column's type says only as far as it can: a word in a column of numbers stays a word, and the
# row is set aside for it. Its REPLACE is linear.
_SQLITE_NUMBER = "CASE WHEN TYPEOF({{0}}) IN ('integer', 'real') THEN {0} ELSE {{0}} END"
SQLITE = Dialect(
    integer="{0}",
    flag=_SQLITE_NUMBER.format("{0} <> 0"),
    money=_SQLITE_NUMBER.format(f"PRINTF('%.{MOST_DECIMALS}f', ROUND({{0}}, {MOST_DECIMALS}) + 0.0)"),
    text="'\"' || REPLACE({0}, '\"', '\"\"') || '\"'",
    text_checked="LENGTH(CAST({0} AS BLOB)) || ':' || {0}",
    no_date=(
        "LENGTH({0}) > 26 OR SUBSTR({0}, 20, 1) NOT IN ('', '.') "
        "OR SUBSTR({0}, 9, 2) > '28' AND SUBSTR({0}, 9, 2) <> STRFTIME('%d', {0})"
    ),
    second=f"UNIXEPOCH({{0}}) + {YEAR_0_SECONDS}",
    microsecond="CAST(SUBSTR(SUBSTR({0}, 21) || '000000', 1, 6) AS INTEGER)",
    instant_literal="STRFTIME('%Y-%m-%d %H:%M:%S', {0:d} / 1000000, 'unixepoch') || PRINTF('.%06d', {0:d} % 1000000)",
    modulo="(({0}) % {1})",
    row="{0}",
    cell_separator=" || ',' || ",
    rows="CAST(GROUP_CONCAT({row}, CHAR(10)) AS BLOB)",
    rows_by_key="CAST(GROUP_CONCAT({row}, CHAR(10)) AS BLOB)",
    total=f"SUM({{0}} & {LIMB_31}), SUM({{0}} >> 31)",
)


def pack_row(table: SyncedTable, dialect: Dialect, *, checked: bool = False) -> str:
    """Write a row as one line: CSV to be read, or with the length before each text to be hashed."""
    cells = (dialect.cell(column, checked=checked) for column in table.columns)
    return dialect.row.format(dialect.cell_separator.join(cells))


def select_packed(table: SyncedTable, dialect: Dialect, source: str) -> str:
    """Select the number of rows, the packed rows, and how many instants of each column are not NULL."""
    rows = dialect.rows.format(row=pack_row(table, dialect))
    instants = "".join(f", COUNT({column.name})" for column in table.columns if column.kind is Kind.INSTANT)
    return f"SELECT COUNT(*), {rows}{instants} FROM {source}"


def changed_rows(
    table: SyncedTable,
    dialect: Dialect,
    source: str,
    since_micros: int,
    after_key: int | None,
    limit: int,
    condition: str,
) -> str:
    """Write the source of the next rows by (`updated_at`, key) that meet a condition, for `select_packed`."""
    names = ", ".join(column.name for column in table.columns)
    since = dialect.instant_literal.format(since_micros)
    after = "" if after_key is None else f" AND ({UPDATED_AT} > {since} OR {table.key} > {after_key:d})"
    return (
        f"(SELECT {names} FROM {source} WHERE {UPDATED_AT} >= {since}{after} AND {condition} "
        f"ORDER BY {UPDATED_AT}, {table.key} LIMIT {limit:d}) AS page"
    )


def select_range_hash(table: SyncedTable, dialect: Dialect, source: str, condition: str) -> str:
    """Select the count of some rows and the sum of a hash of (key, `updated_at`), in two parts: low, and times 2^31."""
    total = dialect.total.format(dialect.hash_row(table.key, UPDATED_AT))
    return f"SELECT COUNT(*), {total} FROM {source} WHERE {condition}"


def select_range_checksum(table: SyncedTable, dialect: Dialect, source: str, condition: str) -> str:
    """Select count, packed size and SHA-256 of all columns of some rows, in the order of their keys.

    `SHA2` exists on every MySQL and MariaDB; MySQL 9 has dropped `MD5`.
    """
    within = f"{source} WHERE {condition}"
    if dialect is SQLITE:
        within = f"(SELECT * FROM {within} ORDER BY {table.key})"
    rows = dialect.rows_by_key.format(row=pack_row(table, dialect, checked=True), key=table.key)
    packed = f"SELECT COUNT(*) AS num_rows, {rows} AS packed FROM {within}"
    return f"SELECT num_rows, IFNULL(LENGTH(packed), 0), SHA2(IFNULL(packed, ''), 256) FROM ({packed}) AS whole"
