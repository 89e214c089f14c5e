"""Reader of the shop's rows: pages by key or by change, hashes and checksums of key ranges, from one snapshot.

A page that is too large or takes too long is read in parts. A row that cannot be read even alone is set aside, and from
then on every reading, hash and checksum of the snapshot leaves it out.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import polars as pl
from sqlalchemy import Engine

from features.sync.source.columns import SyncedTable
from features.sync.source.packed import Packed, Page, find_fault, unpack
from features.sync.source.session import ShopSession, SourceError, open_session
from features.sync.source.sql import KeyRange, changed_rows, select_packed, select_range_checksum, select_range_hash
from shop.mapping.canonical import UPDATED_AT
from shop.mapping.model import ShopMapping
from shop.mapping.select import TableSource, build_sources
from shop.money import Currency

logger = logging.getLogger(__name__)

PAGE_ROWS = 65_536
LIST_KEYS = 1_000
PAGES_AHEAD = 3
MAX_SET_ASIDE = 1_000
"""Rows of one table that may be unreadable; more are not a few bad values, but a table that is not what it was."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Item = TypeVar("Item")


@dataclass
class ShopSnapshot:
    """The rows of a shop as they were at one instant.

    `sources` has where each table's rows come from, `set_aside`, by table and key, why a row cannot be read. `role` is
    whose database it is: `shop` or `platform`.
    """

    session: ShopSession
    sources: Mapping[str, TableSource]
    role: str = "shop"
    set_aside: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def setting(self) -> str:
        """Return the setting that names the database."""
        return f"{self.role.upper()}_DATABASE_URL"

    @property
    def bound(self) -> datetime:
        """Return the server's clock just before the snapshot began."""
        return self.session.bound

    def source(self, table: SyncedTable) -> TableSource:
        """Return where a table's rows come from."""
        return self.sources[table.name]

    def pages_of_range(self, table: SyncedTable, keys: KeyRange) -> Iterator[tuple[KeyRange, Page]]:
        """Read a key range in windows of some `PAGE_ROWS` rows, the next while one is worked on.

        Yields:
            A window and rows of it; together the windows cover exactly `keys`.
        """
        for window, packed in _prefetch(self._windows(table, keys)):
            page = None if packed is None else unpack(table, self.session.dialect, packed)
            yield window, page or self._read_row_by_row(table, self._rows_within(table, window))

    def pages_changed_since(self, table: SyncedTable, since: datetime) -> Iterator[Page]:
        """Read the rows with `updated_at >= since` in pages by (`updated_at`, key)."""
        updated, key, limit = to_micros(since), None, PAGE_ROWS
        while True:
            inside = self._within(table, KeyRange())
            source = changed_rows(table, self.session.dialect, self.source(table).sql, updated, key, limit, inside)
            packed = self._read(table, source)
            if packed is None and limit > 1:
                limit = max(1, limit // 4)
                continue
            page = None if packed is None else unpack(table, self.session.dialect, packed)
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
        source, inside = self.source(table).sql, self._within(table, keys)
        found = self.session.try_fetch(select_range_hash(table, self.session.dialect, source, inside))
        if found is None:
            return None
        count, low, high = found
        return int(count), int(low or 0) + (int(high or 0) << 31)

    def checksum_range(self, table: SyncedTable, keys: KeyRange) -> tuple[int, str] | None:
        """Count a key range and take the SHA-256 of all its columns in the order of its keys.

        Returns:
            Count and hexadecimal digest, or None when the range is too large to be packed: split it.
        """
        source, inside = self.source(table).sql, self._within(table, keys)
        found = self.session.try_fetch(select_range_checksum(table, self.session.dialect, source, inside))
        if found is None or self._is_cut(int(found[1])):
            return None
        count, _size, digest = found
        return int(count), digest if isinstance(digest, str) else digest.decode()

    def _windows(self, table: SyncedTable, keys: KeyRange) -> Iterator[tuple[KeyRange, Packed | None]]:
        """Walk a key range in windows whose width follows the density of the keys; None: read it row by row."""
        rows = self._rows_within(table, keys)
        first, last = self.session.fetch(f"SELECT MIN({table.key}), MAX({table.key}) FROM {rows}")
        if first is None:
            yield keys, Packed(0, b"", ())
            return
        low, start, width = keys.low, int(first) - 1, PAGE_ROWS
        while start < last:
            is_last = start + width >= last
            window = KeyRange(low, keys.high if is_last else start + width)
            packed = self._read(table, self._rows_within(table, window))
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
                above = f"{self.source(table).sql} WHERE {table.key} > {low:d}"
                (following,) = self.session.fetch(f"SELECT MIN({table.key}) FROM {above}")
                start, width = int(following) - 1, PAGE_ROWS
            else:
                num_rows = 1 if packed is None else packed.num_rows
                width = min(4 * width, max(1, width * PAGE_ROWS // num_rows))

    def _read_row_by_row(self, table: SyncedTable, source: str) -> Page:
        """Read what cannot be read as one page in smaller and smaller parts, and set single rows aside."""
        keys = sorted(int(key) for (key,) in self.session.fetch_all(f"SELECT {table.key} FROM {source}"))
        pages = list(self.pages_of_keys(table, keys))
        rows = pl.concat([table.store_schema.to_frame(), *(page.rows for page in pages)])
        return Page(rows, sum(page.num_zero_dates for page in pages))

    def _pages_of(self, table: SyncedTable, keys: Sequence[int]) -> Iterator[Page]:
        wanted = ", ".join(f"{key:d}" for key in keys)
        packed = self._read(table, f"{self.source(table).sql} WHERE {table.key} IN ({wanted})")
        page = None if packed is None else unpack(table, self.session.dialect, packed)
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
            reason = find_fault(table, self.session.dialect, packed)
        rows = self.set_aside.setdefault(table.name, {})
        rows[key] = reason
        logger.warning("row set aside table=%s %s=%d reason=%s", table.name, table.key, key, reason)
        if len(rows) > MAX_SET_ASIDE:
            raise SourceError(
                f"More than {MAX_SET_ASIDE:,} rows of {table.name} cannot be read, the last one, {table.key} {key}, "
                f"because {reason}: correct them in the shop."
            )

    def _rows_within(self, table: SyncedTable, keys: KeyRange) -> str:
        return f"{self.source(table).sql} WHERE {self._within(table, keys)}"

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
        instants = f"SELECT {self.session.dialect.instant(UPDATED_AT)} AS micros, {table.key} AS last_key FROM {source}"
        found = self.session.fetch_all(
            f"SELECT micros, last_key FROM ({instants}) AS instants WHERE micros IS NOT NULL "
            "ORDER BY micros DESC, last_key DESC LIMIT 1"
        )
        return (int(found[0][0]), int(found[0][1])) if found else None

    def _read(self, table: SyncedTable, source: str) -> Packed | None:
        """Read packed rows, or None when they are too many bytes for one value or take the server too long."""
        found = self.session.try_fetch(select_packed(table, self.session.dialect, source))
        if found is None:
            return None
        count, data, *instants = found
        data = data.encode() if isinstance(data, str) else bytes(data or b"")
        if self._is_cut(len(data)) or (count and not data):
            return None
        return Packed(int(count), data, tuple(int(number) for number in instants))

    def _is_cut(self, num_bytes: int) -> bool:
        """Return whether a packed value may have been cut at the limit; the cut falls at the end of a character."""
        return num_bytes >= self.session.page_bytes - 8


@contextmanager
def open_snapshot(
    engine: Engine,
    mapping: ShopMapping,
    heard: Callable[[], None] = lambda: None,
    role: str = "shop",
    currency: Currency | None = None,
) -> Iterator[ShopSnapshot]:
    """Hold one read-only snapshot of the shop for the length of the block.

    Args:
        engine: the shop.
        mapping: what its tables mean.
        heard: called after each answer.
        role: see `ShopSnapshot`.
        currency: of its prices, whose smallest unit amounts are rounded to; as they are if not given.
    """
    with open_session(engine, heard) as session:
        yield ShopSnapshot(session, build_sources(mapping, engine.dialect.name, currency), role)


def to_micros(instant: datetime) -> int:
    """Count microseconds since 1970, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def _prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Take items ahead while one is worked on: the server packs while this process parses and writes."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = deque(pool.submit(next, items, end) for _ in range(PAGES_AHEAD))
        while (item := ahead.popleft().result()) is not end:
            ahead.append(pool.submit(next, items, end))
            yield item  # type: ignore[misc]
