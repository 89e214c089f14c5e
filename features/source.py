"""Reading a shop: one consistent read-only snapshot a run, pages by key, hashes of key ranges.

Needs SELECT on the shop and nothing else. Works on MySQL (InnoDB) and SQLite (WAL).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine

from features.shop_columns import UPDATED_AT, Kind, SyncedTable
from features.shop_sql import (
    MYSQL,
    SQLITE,
    Dialect,
    KeyRange,
    select_page,
    select_range_checksum,
    select_range_hash,
)

PAGE_ROWS = 65_536
LIST_KEYS = 1_000
# The server holds a whole packed page in memory and sends it as one value, so both sides of the wire bound its size.
PAGE_BYTES = 32 * 2**20


class SourceError(Exception):
    """The shop holds something that cannot cross exactly; the message names table and column."""


@dataclass(frozen=True)
class Page:
    """Consecutive rows in the store's types, and whether the reading they belong to ends here."""

    rows: pl.DataFrame
    is_last: bool
    num_zero_dates: int


@dataclass
class ShopSnapshot:
    """A shop as it was at one instant, `bound` by the server's own clock."""

    connection: Connection
    dialect: Dialect
    bound: datetime
    page_bytes: int = PAGE_BYTES
    page_rows: dict[str, int] = field(default_factory=dict)
    heard: Callable[[], None] = lambda: None

    def pages_of_range(self, table: SyncedTable, keys: KeyRange) -> Iterator[tuple[KeyRange, Page]]:
        """Read the rows of a key range in pages by key; together the pages' ranges cover exactly `keys`."""
        yield from self._pages(table, keys, "1 = 1")

    def _pages(self, table: SyncedTable, keys: KeyRange, also: str) -> Iterator[tuple[KeyRange, Page]]:
        low = keys.low
        while True:
            condition = f"{KeyRange(low, keys.high).condition(table.key)} AND {also}"
            page = self._read_page(table, condition, table.key)
            high = keys.high if page.is_last else int(page.rows[table.key][-1])
            yield KeyRange(low, high), page
            if page.is_last:
                return
            low = high

    def pages_changed_since(self, table: SyncedTable, since: datetime) -> Iterator[Page]:
        """Read the rows with `updated_at >= since` in pages by (`updated_at`, key)."""
        updated, key = since, None
        while True:
            start = self.dialect.literal.format(_to_micros(updated))
            condition = f"{UPDATED_AT} >= {start}"
            if key is not None:
                condition += f" AND ({UPDATED_AT} > {start} OR {table.key} > {key})"
            page = self._read_page(table, condition, f"{UPDATED_AT}, {table.key}")
            yield page
            if page.is_last:
                return
            last = page.rows.sort(UPDATED_AT, table.key).tail(1)
            updated, key = last[UPDATED_AT].item(), int(last[table.key].item())

    def pages_of_keys(self, table: SyncedTable, keys: Sequence[int]) -> Iterator[Page]:
        """Read the rows with these keys; those that the shop does not have are left out."""
        for start in range(0, len(keys), LIST_KEYS):
            wanted = ", ".join(str(int(key)) for key in keys[start : start + LIST_KEYS])
            for _keys, page in self._pages(table, KeyRange(), f"{table.key} IN ({wanted})"):
                yield page

    def hash_range(self, table: SyncedTable, keys: KeyRange) -> tuple[int, int]:
        """Count a key range and hash its keys and `updated_at`, without moving the rows."""
        count, total = self._fetch_row(select_range_hash(table, self.dialect, keys))
        return int(count), int(total)

    def checksum_range(self, table: SyncedTable, keys: KeyRange) -> tuple[int, str] | None:
        """Count a key range and take the MD5 of all its columns in the order of its keys.

        Returns:
            Count and hexadecimal digest, or None when the range is too large to be packed: split it.
        """
        count, size, digest = self._fetch_row(select_range_checksum(table, self.dialect, keys))
        return None if int(size) >= self.page_bytes - 8 else (int(count), str(digest))

    def _read_page(self, table: SyncedTable, condition: str, order_by: str) -> Page:
        """Read one page, with fewer rows whenever they do not fit into one value."""
        while True:
            limit = self.page_rows.setdefault(table.name, PAGE_ROWS)
            count, packed, *instants = self._fetch_row(select_page(table, self.dialect, condition, order_by, limit))
            data = b"" if packed is None else (packed.encode() if isinstance(packed, str) else bytes(packed))
            is_cut = len(data) >= self.page_bytes - 8 or (count > 0 and packed is None)
            if not is_cut:
                break
            if limit == 1:
                raise SourceError(
                    f"One row of {table.name} is larger than {self.page_bytes} bytes (condition {condition})."
                )
            self.page_rows[table.name] = max(1, limit // 4)
        rows = table.unpack(_parse(table, data)).sort(table.key)
        if rows.height != count:
            raise SourceError(
                f"{table.name}: the shop counted {count} rows and sent {rows.height} (condition {condition})."
            )
        names = [column.name for column in table.columns if column.kind is Kind.INSTANT]
        num_zero_dates = sum(
            int(number) - (rows.height - rows[name].null_count()) for name, number in zip(names, instants, strict=True)
        )
        return Page(rows, is_last=count < limit, num_zero_dates=num_zero_dates)

    def _fetch_row(self, sql: str) -> tuple[Any, ...]:
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
            driver.create_function("MD5", 1, _md5, deterministic=True)  # type: ignore[union-attr]
            now = connection.exec_driver_sql("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").scalar_one()
            bound = datetime.fromisoformat(now).replace(tzinfo=UTC)
            connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_schema")  # the first read fixes the snapshot
            yield ShopSnapshot(connection, SQLITE, bound, heard=heard)
        return
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        bound = connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6)").scalar_one().replace(tzinfo=UTC)
        packet = int(connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one())
        page_bytes = min(PAGE_BYTES, packet - 1024)
        connection.exec_driver_sql(f"SET SESSION group_concat_max_len = {page_bytes}, time_zone = '+00:00'")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        heard()
        yield ShopSnapshot(connection, MYSQL, bound, page_bytes, heard=heard)


def _parse(table: SyncedTable, data: bytes) -> pl.DataFrame:
    if not data:
        return table.packed_schema.to_frame()
    try:
        return pl.read_csv(data, has_header=False, schema=table.packed_schema, encoding="utf8-lossy")
    except pl.exceptions.ComputeError as error:
        reason = str(error).splitlines()[0]
        raise SourceError(
            f"{table.name}: {reason}. Ids must lie below 2^63 and numbers must be whole: correct the row in the shop."
        ) from error


def _md5(text: bytes | str) -> str:
    data = text.encode() if isinstance(text, str) else text
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _to_micros(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
