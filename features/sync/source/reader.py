"""Reader of the shop: one consistent read-only snapshot a run, pages by key, hashes of key ranges.

Needs SELECT on the shop and nothing else. Works on MySQL (InnoDB) and SQLite (WAL). A page that is too large or takes
too long is read in parts. A row that cannot be read even alone is set aside, and from then on every reading, hash and
checksum of the snapshot leaves it out.
"""

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, TypeVar

import polars as pl
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from features.sync.source.columns import UPDATED_AT, Kind, SyncedTable
from features.sync.source.sql import (
    MYSQL,
    SQLITE,
    Dialect,
    KeyRange,
    changed_rows,
    select_packed,
    select_range_checksum,
    select_range_hash,
)
from shop.database import name_database
from shop.failures import STATEMENT_TOO_LONG, find_number

logger = logging.getLogger(__name__)

PAGE_ROWS = 65_536
LIST_KEYS = 1_000
PAGES_AHEAD = 3
# The server holds a whole packed page in memory and sends it as one value, so both sides of the wire bound its size.
PAGE_BYTES = 32 * 2**20
MAX_SET_ASIDE = 1_000
"""Rows of one table that may be unreadable; more are not a few bad values, but a table that is not what it was."""

STATEMENT_SECONDS = 10.0
"""Longest work of the server on a statement: below the read time-out, so that nothing runs on after this side left."""
IDLE_SECONDS = 60
"""How long the server keeps the session, and what it locks, when this side is silent (frozen, or cut off)."""
LOCK_SECONDS = 10
SNAPSHOT_SECONDS = 3600.0
"""Longest life of a snapshot, for which the server keeps old rows."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Item = TypeVar("Item")


class SourceError(Exception):
    """The shop cannot be synced as it is; the message names what is wrong, and nothing was written."""


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


@dataclass
class ShopSnapshot:
    """A shop as it was at one instant, which the server's own clock bounds from below.

    `set_aside` has, by table and key, why a row cannot be read.
    """

    connection: Connection
    dialect: Dialect
    bound: datetime
    page_bytes: int = PAGE_BYTES
    heard: Callable[[], None] = lambda: None
    set_aside: dict[str, dict[int, str]] = field(default_factory=dict)
    _one_at_a_time: Lock = field(default_factory=Lock)
    _begun: float = field(default_factory=time.monotonic)

    def pages_of_range(self, table: SyncedTable, keys: KeyRange) -> Iterator[tuple[KeyRange, Page]]:
        """Read a key range in windows of some `PAGE_ROWS` rows, the next while one is worked on.

        Yields:
            A window and rows of it; together the windows cover exactly `keys`.
        """
        for window, packed in _prefetch(self._windows(table, keys)):
            page = None if packed is None else _unpack(table, self.dialect, packed)
            yield window, page or self._read_row_by_row(table, f"{table.name} WHERE {self._within(table, window)}")

    def pages_changed_since(self, table: SyncedTable, since: datetime) -> Iterator[Page]:
        """Read the rows with `updated_at >= since` in pages by (`updated_at`, key)."""
        updated, key, limit = to_micros(since), None, PAGE_ROWS
        while True:
            source = changed_rows(table, self.dialect, updated, key, limit, self._within(table, KeyRange()))
            packed = self._read(table, source)
            if packed is None and limit > 1:
                limit = max(1, limit // 4)
                continue
            page = None if packed is None else _unpack(table, self.dialect, packed)
            end = self._find_end(table, source, page)
            yield page or self._read_row_by_row(table, source)
            num_rows = limit if packed is None else packed.num_rows
            if num_rows < limit:
                return
            if end in (None, (updated, key)):
                raise SourceError(f"{table.name}.{UPDATED_AT} of {num_rows:,} rows is no date: correct it in the shop.")
            updated, key, limit = *end, min(PAGE_ROWS, limit * 4)

    def pages_of_keys(self, table: SyncedTable, keys: Sequence[int]) -> Iterator[Page]:
        """Read the rows with these keys, set aside or not; those that the shop does not have are left out."""
        for start in range(0, len(keys), LIST_KEYS):
            yield from self._pages_of(table, keys[start : start + LIST_KEYS])

    def hash_range(self, table: SyncedTable, keys: KeyRange) -> tuple[int, int] | None:
        """Count a key range and hash its keys and `updated_at`, without moving the rows.

        Returns:
            Count and hash, or None when the server would take too long.
        """
        found = self._try(select_range_hash(table, self.dialect, self._within(table, keys)))
        if found is None:
            return None
        count, low, high = found
        return int(count), int(low or 0) + (int(high or 0) << 31)

    def checksum_range(self, table: SyncedTable, keys: KeyRange) -> tuple[int, str] | None:
        """Count a key range and take the SHA-256 of all its columns in the order of its keys.

        Returns:
            Count and hexadecimal digest, or None when the range is too large to be packed: split it.
        """
        found = self._try(select_range_checksum(table, self.dialect, self._within(table, keys)))
        if found is None or self._is_cut(int(found[1])):
            return None
        count, _size, digest = found
        return int(count), digest if isinstance(digest, str) else digest.decode()

    @property
    def name(self) -> str:
        """Name server and database for a person."""
        if self.dialect is SQLITE:
            return name_database(self.connection.engine)
        host, port, number, database = self._fetch("SELECT @@hostname, @@port, @@server_id, DATABASE()")
        return f"database {database} of the server {host}:{port} (server_id {number})"

    def keep_alive(self) -> None:
        """Let the server hear something during long work on this side."""
        self._fetch("SELECT 1")

    def _windows(self, table: SyncedTable, keys: KeyRange) -> Iterator[tuple[KeyRange, Packed | None]]:
        """Walk a key range in windows whose width follows the density of the keys; None: read it row by row."""
        inside = self._within(table, keys)
        first, last = self._fetch(f"SELECT MIN({table.key}), MAX({table.key}) FROM {table.name} WHERE {inside}")
        if first is None:
            yield keys, Packed(0, b"", ())
            return
        low, start, width = keys.low, int(first) - 1, PAGE_ROWS
        while start < last:
            is_last = start + width >= last
            window = KeyRange(low, keys.high if is_last else start + width)
            packed = self._read(table, f"{table.name} WHERE {self._within(table, window)}")
            width = min(width, int(last) - start)
            if packed is None and width > 1:
                width //= 4
                width = max(1, width)
                continue
            yield window, packed
            if is_last:
                return
            low, start = window.high, start + width
            if packed is not None and packed.num_rows == 0:
                (following,) = self._fetch(f"SELECT MIN({table.key}) FROM {table.name} WHERE {table.key} > {low:d}")
                start, width = int(following) - 1, PAGE_ROWS
            else:
                num_rows = 1 if packed is None else packed.num_rows
                width = min(4 * width, max(1, width * PAGE_ROWS // num_rows))

    def _read_row_by_row(self, table: SyncedTable, source: str) -> Page:
        """Read what cannot be read as one page in smaller and smaller parts, and set single rows aside."""
        with self._one_at_a_time:
            found = self.connection.exec_driver_sql(f"SELECT {table.key} FROM {source}").all()
        keys = sorted(int(key) for (key,) in found)
        pages = list(self.pages_of_keys(table, keys))
        rows = pl.concat([table.store_schema.to_frame(), *(page.rows for page in pages)])
        return Page(rows, sum(page.num_zero_dates for page in pages))

    def _pages_of(self, table: SyncedTable, keys: Sequence[int]) -> Iterator[Page]:
        wanted = ", ".join(f"{key:d}" for key in keys)
        packed = self._read(table, f"{table.name} WHERE {table.key} IN ({wanted})")
        page = None if packed is None else _unpack(table, self.dialect, packed)
        if page is not None:
            yield page
        elif len(keys) == 1:
            self._set_aside(table, keys[0], packed)
        else:
            middle = len(keys) // 2
            yield from self._pages_of(table, keys[:middle])
            yield from self._pages_of(table, keys[middle:])

    def _set_aside(self, table: SyncedTable, key: int, packed: Packed | None) -> None:
        """Leave a row out from now on.

        Raises:
            SourceError: these are too many to be a few bad values.
        """
        reason = "it is larger than max_allowed_packet lets pass"
        if packed is not None:
            reason = _find_fault(table, self.dialect, packed)
        rows = self.set_aside.setdefault(table.name, {})
        rows[key] = reason
        logger.warning("row set aside table=%s %s=%d reason=%s", table.name, table.key, key, reason)
        if len(rows) > MAX_SET_ASIDE:
            raise SourceError(
                f"More than {MAX_SET_ASIDE:,} rows of {table.name} cannot be read, the last one, {table.key} {key}, "
                f"because {reason}: correct them in the shop."
            )

    def _within(self, table: SyncedTable, keys: KeyRange) -> str:
        """Write a key range as a condition that leaves out what is set aside."""
        left_out = [key for key in list(self.set_aside.get(table.name, ())) if keys.holds(key)]
        condition = keys.condition(table.key)
        if not left_out:
            return condition
        return f"{condition} AND {table.key} NOT IN ({', '.join(f'{key:d}' for key in sorted(left_out))})"

    def _find_end(self, table: SyncedTable, source: str, page: Page | None) -> tuple[int, int] | None:
        """Find the last (`updated_at`, key) of a page by these, in the shop if the page does not tell."""
        if page is not None and not page.rows.is_empty() and not page.rows[UPDATED_AT].has_nulls():
            last = page.rows.sort(UPDATED_AT, table.key).tail(1)
            return to_micros(last[UPDATED_AT].item()), int(last[table.key].item())
        instants = f"SELECT {self.dialect.instant(UPDATED_AT)} AS micros, {table.key} AS last_key FROM {source}"
        with self._one_at_a_time:
            last_row = self.connection.exec_driver_sql(
                f"SELECT micros, last_key FROM ({instants}) AS instants WHERE micros IS NOT NULL "
                "ORDER BY micros DESC, last_key DESC LIMIT 1"
            ).first()
        return None if last_row is None else (int(last_row[0]), int(last_row[1]))

    def _read(self, table: SyncedTable, source: str) -> Packed | None:
        """Read packed rows, or None when they are too many bytes for one value or take the server too long."""
        found = self._try(select_packed(table, self.dialect, source))
        if found is None:
            return None
        count, data, *instants = found
        data = data.encode() if isinstance(data, str) else bytes(data or b"")
        if self._is_cut(len(data)) or (count and not data):
            return None
        return Packed(int(count), data, tuple(int(number) for number in instants))

    def _is_cut(self, num_bytes: int) -> bool:
        """Return whether a packed value may have been cut at the limit; the cut falls at the end of a character."""
        return num_bytes >= self.page_bytes - 8

    def _try(self, sql: str) -> tuple[Any, ...] | None:
        """Fetch one row, or None when the server took longer than it may."""
        try:
            return self._fetch(sql)
        except DBAPIError as error:
            if find_number(error) not in STATEMENT_TOO_LONG:
                raise
            self.heard()
            return None

    def _fetch(self, sql: str) -> tuple[Any, ...]:
        if time.monotonic() - self._begun > SNAPSHOT_SECONDS:
            raise SourceError(
                f"The sync has read one snapshot of the shop for {SNAPSHOT_SECONDS / 60:.0f} minutes and gives it up, "
                "since the server keeps old rows for it: run it against a replica, or when the shop is quieter."
            )
        with self._one_at_a_time:
            row = tuple(self.connection.exec_driver_sql(sql).one())
        self.heard()
        return row


@contextmanager
def open_snapshot(engine: Engine, heard: Callable[[], None] = lambda: None) -> Iterator[ShopSnapshot]:
    """Hold one read-only snapshot of the shop for the length of the block.

    The bound is read before the snapshot begins, so whatever committed in between is read again by the next run.

    Args:
        engine: the shop.
        heard: called after each answer of the database.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.create_function("SHA2", 2, _sha2, deterministic=True)  # type: ignore[union-attr]
            now = connection.exec_driver_sql("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").scalar_one()
            connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_schema")  # the first read fixes the snapshot
            yield ShopSnapshot(connection, SQLITE, datetime.fromisoformat(now).replace(tzinfo=UTC), heard=heard)
        return
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        bound = connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6)").scalar_one().replace(tzinfo=UTC)
        packet = int(connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one())
        page_bytes = min(PAGE_BYTES, packet - 1024)
        connection.exec_driver_sql(
            f"SET SESSION group_concat_max_len = {page_bytes}, time_zone = '+00:00', "
            f"character_set_connection = binary, wait_timeout = {IDLE_SECONDS}, net_write_timeout = {IDLE_SECONDS}, "
            f"lock_wait_timeout = {LOCK_SECONDS}, {limit_statements(engine)}"
        )
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        heard()
        try:
            yield ShopSnapshot(connection, MYSQL, bound, page_bytes, heard)
        finally:
            connection.invalidate()  # the session's settings are not for others


def to_micros(instant: datetime) -> int:
    """Count microseconds since 1970, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def limit_statements(engine: Engine) -> str:
    """Write how a session's statements are held to `STATEMENT_SECONDS` by the server itself."""
    if getattr(engine.dialect, "is_mariadb", False):
        return f"max_statement_time = {STATEMENT_SECONDS}"
    return f"max_execution_time = {int(STATEMENT_SECONDS * 1000)}"


def _unpack(table: SyncedTable, dialect: Dialect, packed: Packed) -> Page | None:
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
    rows = rows if rows[table.key].is_sorted() else rows.sort(table.key)
    instants = [column.name for column in table.columns if column.kind is Kind.INSTANT]
    num_known = sum(rows.height - rows[name].null_count() for name in instants)
    return Page(rows, sum(packed.num_instants) - num_known)


def _to_csv(dialect: Dialect, data: bytes) -> bytes:
    """Put CSV's quotation marks in place of the byte that the shop quotes text with."""
    if dialect.quote is None:
        return data
    if b'"' in data:
        data = data.replace(b'"', b'""')
    return data.replace(dialect.quote, b'"')


def _find_fault(table: SyncedTable, dialect: Dialect, packed: Packed) -> str:
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
    return "a text in it is not UTF-8"


def _prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Take items ahead while one is worked on: the server packs while this process parses and writes."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = deque(pool.submit(next, items, end) for _ in range(PAGES_AHEAD))
        while (item := ahead.popleft().result()) is not end:
            ahead.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]


def _sha2(text: bytes | str, num_bits: int) -> str:
    """Stand in for MySQL's function of that name, which SQLite lacks."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.new(f"sha{num_bits:d}", data).hexdigest()
