"""Reader of the shop: one consistent read-only snapshot a run, pages by key, hashes of key ranges.

Needs SELECT on the shop and nothing else. Works on MySQL (InnoDB) and SQLite (WAL).
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import polars as pl
from sqlalchemy import Connection, Engine

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

PAGE_ROWS = 65_536
LIST_KEYS = 1_000
PAGES_AHEAD = 3
# The server holds a whole packed page in memory and sends it as one value, so both sides of the wire bound its size.
PAGE_BYTES = 32 * 2**20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Item = TypeVar("Item")


class SourceError(Exception):
    """The shop holds something that cannot cross exactly; the message names table and column."""


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
    """A shop as it was at one instant, which the server's own clock bounds from below."""

    connection: Connection
    dialect: Dialect
    bound: datetime
    page_bytes: int = PAGE_BYTES
    heard: Callable[[], None] = lambda: None

    def pages_of_range(self, table: SyncedTable, keys: KeyRange) -> Iterator[tuple[KeyRange, Page]]:
        """Read a key range in windows of some `PAGE_ROWS` rows, the next while one is worked on.

        Yields:
            A window and its rows; together the windows cover exactly `keys`.
        """
        for window, packed in _prefetch(self._windows(table, keys)):
            yield window, _unpack(table, packed)

    def pages_changed_since(self, table: SyncedTable, since: datetime) -> Iterator[Page]:
        """Read the rows with `updated_at >= since` in pages by (`updated_at`, key)."""
        updated, key, limit = to_micros(since), None, PAGE_ROWS
        while True:
            packed = self._read(table, changed_rows(table, self.dialect, updated, key, limit))
            if packed is None:
                limit = _shrink(table, limit)
                continue
            page = _unpack(table, packed)
            yield page
            if packed.num_rows < limit:
                return
            last = page.rows.sort(UPDATED_AT, table.key).tail(1)
            updated, key = to_micros(last[UPDATED_AT].item()), int(last[table.key].item())

    def pages_of_keys(self, table: SyncedTable, keys: Sequence[int]) -> Iterator[Page]:
        """Read the rows with these keys; those that the shop does not have are left out."""
        start, limit = 0, LIST_KEYS
        while start < len(keys):
            wanted = ", ".join(f"{key:d}" for key in keys[start : start + limit])
            packed = self._read(table, f"{table.name} WHERE {table.key} IN ({wanted})")
            if packed is None:
                limit = _shrink(table, limit)
                continue
            yield _unpack(table, packed)
            start += limit

    def hash_range(self, table: SyncedTable, keys: KeyRange) -> tuple[int, int]:
        """Count a key range and hash its keys and `updated_at`, without moving the rows."""
        count, total = self._fetch(select_range_hash(table, self.dialect, keys))
        return int(count), int(total)

    def checksum_range(self, table: SyncedTable, keys: KeyRange) -> tuple[int, str] | None:
        """Count a key range and take the SHA-256 of all its columns in the order of its keys.

        Returns:
            Count and hexadecimal digest, or None when the range is too large to be packed: split it.
        """
        count, size, digest = self._fetch(select_range_checksum(table, self.dialect, keys))
        return None if self._is_cut(int(size)) else (int(count), digest if isinstance(digest, str) else digest.decode())

    def _windows(self, table: SyncedTable, keys: KeyRange) -> Iterator[tuple[KeyRange, Packed]]:
        """Walk a key range in windows whose width follows the density of the keys."""
        edges = f"SELECT MIN({table.key}), MAX({table.key}) FROM {table.name} WHERE {keys.condition(table.key)}"
        first, last = self._fetch(edges)
        if first is None:
            yield keys, Packed(0, b"", ())
            return
        low, start, width = keys.low, int(first) - 1, PAGE_ROWS
        while start < last:
            is_last = start + width >= last
            window = KeyRange(low, keys.high if is_last else start + width)
            packed = self._read(table, f"{table.name} WHERE {window.condition(table.key)}")
            if packed is None:
                width = _shrink(table, min(width, int(last) - start))
                continue
            yield window, packed
            if is_last:
                return
            low, start = window.high, start + width
            if packed.num_rows == 0:
                (following,) = self._fetch(f"SELECT MIN({table.key}) FROM {table.name} WHERE {table.key} > {low:d}")
                start, width = int(following) - 1, PAGE_ROWS
            else:
                width = min(4 * width, max(1, width * PAGE_ROWS // packed.num_rows))

    def _read(self, table: SyncedTable, source: str) -> Packed | None:
        """Read packed rows, or None when they are too many bytes for one value."""
        count, data, *instants = self._fetch(select_packed(table, self.dialect, source))
        data = data.encode() if isinstance(data, str) else bytes(data or b"")
        if self._is_cut(len(data)) or (count and not data):
            return None
        return Packed(int(count), data, tuple(int(number) for number in instants))

    def _is_cut(self, num_bytes: int) -> bool:
        """Return whether a packed value may have been cut at the limit; the cut falls at the end of a character."""
        return num_bytes >= self.page_bytes - 8

    def _fetch(self, sql: str) -> tuple[Any, ...]:
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
            f"SET SESSION group_concat_max_len = {page_bytes}, time_zone = '+00:00', character_set_connection = binary"
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


def _unpack(table: SyncedTable, packed: Packed) -> Page:
    rows = table.packed_schema.to_frame()
    if packed.data:
        try:
            rows = pl.read_csv(packed.data, has_header=False, schema=table.packed_schema, encoding="utf8-lossy")
        except pl.exceptions.ComputeError as error:
            raise SourceError(
                f"{table.name}: {str(error).splitlines()[0]}. Ids must lie below 2^63 and numbers must be whole: "
                "correct the row in the shop."
            ) from error
    if rows.height != packed.num_rows:
        raise SourceError(f"{table.name}: the shop counted {packed.num_rows} rows and sent {rows.height}.")
    rows = table.unpack(rows)
    rows = rows if rows[table.key].is_sorted() else rows.sort(table.key)
    instants = [column.name for column in table.columns if column.kind is Kind.INSTANT]
    num_known = sum(rows.height - rows[name].null_count() for name in instants)
    return Page(rows, sum(packed.num_instants) - num_known)


def _shrink(table: SyncedTable, size: int) -> int:
    if size <= 1:
        raise SourceError(
            f"A row of {table.name} is larger than the server's max_allowed_packet lets pass: raise that."
        )
    return max(1, size // 4)


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
