"""Hop 1 for one table: find what differs between a snapshot of the shop and the store, then commit it at once.

Three readings find it. Changed rows come by `updated_at`, from the watermark less a look-back. Then each range of keys
is counted and hashed on both sides; what differs (deleted, committed late, stamped wrongly) is read and compared row by
row. Of a table without a change column each range is compared by the checksum of all its columns. Rows that wait for a
parent are looked at again. A table larger than `sweep_rows`, or slower than `sweep_seconds`, has its newest ranges
swept in each run and the others in turn, so an increment's cost follows the change; `full` and the first load read
everything.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from features.store import KNOWN_FROM
from features.sync.destination.key_set import Keys, ParentKeys
from features.sync.destination.scd2 import Changes, diff, open_first
from features.sync.destination.stored_rows import RANGE_ROWS
from features.sync.destination.versioned_table import VersionedTable
from features.sync.lease import Lease
from features.sync.range_checksums import compare_checksums
from features.sync.source.columns import PARENTS, SyncedTable
from features.sync.source.packed import Page
from features.sync.source.reader import ShopSnapshot
from features.sync.source.session import SourceError
from features.sync.source.sql import KeyRange
from features.sync.source.sums import hash_rows
from features.sync.sweep import order_ranges
from features.sync.table_counts import TableCounts
from shop.mapping.canonical import UPDATED_AT
from shop.mapping.select import TableSource

WATERMARK = "watermark"
MAPPING = "mapping"
SET_ASIDE = "set_aside"

NEWEST_SWEPT, OTHERS_SWEPT = 4, 2
"""Ranges that are swept in each run however little time there is: those of the newest keys, and of the others."""
CLOCK_SKEW, LARGEST_ZONE = timedelta(minutes=10), timedelta(hours=14)
"""A row that is ahead of the server's clock by something in between was probably stamped in a zone of its own."""


@dataclass(frozen=True)
class SyncOptions:
    """How carefully a run looks.

    Attributes:
        look_back: how long before the watermark changes are read again: the longest transaction that a shop's writer
            keeps open. Longer ones are found by the sweep.
        sweep_rows: rows of one table whose hashes are compared in one run; larger tables take several runs.
        sweep_seconds: no further range of a table is begun after so long; a few always are.
        max_gone_share: the run is refused when a larger share of the rows looked at in a table has gone ...
        min_gone_rows: ... and at least so many; or all of them, if there were two or more.
        max_recreated_share: the run is refused when a larger share of all rows looked at has another `created_at`.
        max_contradicting_share: the same for rows that differ without a later `updated_at`, in a database that the
            store does not know yet.
    """

    look_back: timedelta = timedelta(minutes=15)
    sweep_rows: int = 2_000_000
    sweep_seconds: float = 2.0
    max_gone_share: float = 0.2
    min_gone_rows: int = 10
    max_recreated_share: float = 0.5
    max_contradicting_share: float = 0.01


@dataclass
class TableSync:
    """One table in one run: `collect` reads and stages, `commit` makes it visible.

    `num_compared` is how many stored rows were held against the shop, by hash or one by one; `num_changed_known` how
    many rows that came by `updated_at` were known. `swept_until` is where the next run's sweep goes on.
    """

    snapshot: ShopSnapshot
    target: VersionedTable
    parent_keys: Mapping[str, ParentKeys]
    options: SyncOptions
    lease: Lease
    swept_until: int | None = None
    counts: TableCounts = field(default_factory=TableCounts)

    def __post_init__(self) -> None:
        """Read the stored state that this run builds on."""
        self._before = self.target.metadata
        self._touched = pl.DataFrame(schema={self.table.key: pl.Int64(), UPDATED_AT: pl.Datetime("us", "UTC")})
        self._staged_visible: list[Keys] = []
        self._swept: list[KeyRange] = []
        self.num_compared = 0
        self.num_changed_known = 0

    @property
    def table(self) -> SyncedTable:
        """Return the table that is synced."""
        return self.target.table

    @property
    def set_aside(self) -> dict[int, str]:
        """Return the keys of the rows that cannot be read, each with the reason."""
        return self.snapshot.set_aside.get(self.table.name, {})

    @property
    def must_commit(self) -> bool:
        """Return whether rows or watermark have to be written."""
        is_known = WATERMARK in self._before and sorted(self.set_aside) == self._set_aside_before()
        return self.target.has_changes or self._is_read_otherwise or not is_known

    @property
    def _source(self) -> TableSource:
        return self.snapshot.source(self.table)

    @property
    def _is_read_otherwise(self) -> bool:
        """Return whether the mapping reads the table in another way than the run before did."""
        return self._before.get(MAPPING, self._source.fingerprint) != self._source.fingerprint

    @property
    def watermark(self) -> str:
        """Return the instant up to which the next run may trust `updated_at`, less its look-back."""
        kept = None if self.must_commit else self._before.get(WATERMARK)
        return kept or self.snapshot.bound.isoformat(timespec="microseconds")

    @property
    def num_rows_after(self) -> int:
        """Return how many rows stand in the store once this run is committed."""
        change = self.counts.num_inserted + self.counts.num_revived - self.counts.num_deleted
        return self._stored("num_rows") + change

    def collect(self, *, full: bool) -> None:
        """Stage whatever makes the store equal to the snapshot."""
        if self.target.is_new:
            for _keys, page in self.snapshot.pages_of_range(self.table, KeyRange()):
                self._stage(
                    open_first(self.table, page.rows, self._find_orphans(self._admit(page)), self.snapshot.bound)
                )
        elif full or WATERMARK not in self._before or self._is_read_otherwise:
            self.reconcile([KeyRange()])
        else:
            self._collect_changed()
            self.reconcile(self._find_differing())

    def reconcile(self, ranges: list[KeyRange]) -> None:
        """Read ranges from both sides and stage what differs, row by row."""
        for keys in ranges:
            self.num_compared += 0 if keys in self._swept else self.target.count_open(keys)
            for page_keys, page in self.snapshot.pages_of_range(self.table, keys):
                rows = self._admit(page).join(self._touched, on=self.table.key, how="anti")
                newest = self._readable(self.target.newest_in(page_keys))
                newest = newest.join(self._touched, on=self.table.key, how="anti")
                orphans = self._find_orphans(rows)
                self._stage(diff(self.table, rows, orphans, newest, self.snapshot.bound, is_complete=True))

    def visible_keys(self) -> ParentKeys:
        """Return the keys that a child of this table may point at, once this run is committed."""
        staged = np.concatenate([np.empty(0, dtype=np.int64), *self._staged_visible])
        return ParentKeys(
            lambda keys: np.concatenate([self.target.visible_among(keys), staged]),
            lambda: np.concatenate([self.target.visible_keys(), staged]),
        )

    def commit(self) -> int | None:
        """Commit rows and watermark together; an existing table without changes is left alone.

        Returns:
            The new version, or None when nothing had to change.
        """
        self.counts.num_rows = self.num_rows_after
        self.counts.num_quarantined += self._stored("num_quarantined")
        self.counts.num_set_aside = len(self.set_aside)
        if not self.must_commit:
            return None
        metadata = {
            WATERMARK: self.watermark,
            MAPPING: self._source.fingerprint,
            SET_ASIDE: json.dumps(sorted(self.set_aside)),
            "num_rows": str(self.counts.num_rows),
            "num_quarantined": str(self.counts.num_quarantined),
            "fencing_number": str(self.lease.number),
        }
        return self.target.commit(metadata, self.lease.number)

    def _collect_changed(self) -> None:
        """Stage rows by `updated_at`, those that can be read again, and waiting ones whose parents may have come."""
        read_again = list(self.snapshot.pages_of_keys(self.table, self._set_aside_before()))
        since = datetime.fromisoformat(self._before[WATERMARK]) - self.options.look_back
        for page in self.snapshot.pages_changed_since(self.table, since) if self._source.has_changes else ():
            self._compare(page)
        for page in read_again:
            self._compare(page)
        if self._stored("num_quarantined"):
            waiting = self.target.quarantined().join(self._touched, on=self.table.key, how="anti")[self.table.key]
            for page in self.snapshot.pages_of_keys(self.table, waiting.to_list()):
                self._compare(page)

    def _compare(self, page: Page) -> None:
        rows = self._admit(page).join(self._touched, on=self.table.key, how="anti")
        if rows.is_empty():
            return
        newest = self.target.newest_of(rows[self.table.key])
        changes = diff(self.table, rows, self._find_orphans(rows), newest, self.snapshot.bound, is_complete=False)
        self.num_changed_known += changes.num_known
        self._touched = pl.concat([self._touched, changes.openings.select(self._touched.columns)])
        self._stage(changes)

    def _set_aside_before(self) -> list[int]:
        keys: list[int] = json.loads(self._before.get(SET_ASIDE, "[]"))
        return keys

    def _readable(self, stored: pl.DataFrame) -> pl.DataFrame:
        """Leave out stored rows that cannot be read in the shop: what is known of them stays as it is."""
        return stored.filter(~pl.col(self.table.key).is_in(list(self.set_aside))) if self.set_aside else stored

    def _find_differing(self) -> list[KeyRange]:
        """Compare key ranges by hash, as the store will be with what is staged; by checksum if none tells changes."""
        ranges = self.target.ranges()
        differing = self._find_differing_hashes(ranges) if self._source.has_changes else self._find_differing_rows()
        self.counts.num_ranges = len(ranges)
        self.counts.num_ranges_swept = len(self._swept)
        self.counts.num_ranges_differing = len(differing)
        return differing

    def _find_differing_hashes(self, ranges: list[KeyRange]) -> list[KeyRange]:
        differing = []
        for keys in self._sweep(ranges):
            self._swept.append(keys)
            if self.snapshot.hash_range(self.table, keys) != self._hash_stored(keys):
                differing.append(keys)
        return differing

    def _find_differing_rows(self) -> list[KeyRange]:
        """Compare all ranges by the checksum of all columns."""
        compared = list(compare_checksums(self.snapshot, self.target, self.target.ranges(), self.lease))
        self._swept = [one.keys for one in compared]
        self.num_compared += sum(self.target.count_open(one.keys) for one in compared)
        return [one.keys for one in compared if not one.is_equal]

    def _sweep(self, ranges: list[KeyRange]) -> Iterator[KeyRange]:
        """Take all ranges; of a large table the newest, and of the others those whose turn it is, as time allows."""
        budget = max(2, self.options.sweep_rows // RANGE_ROWS)
        num_newest = min(NEWEST_SWEPT, budget // 2)
        newest, others = order_ranges(ranges, num_newest, self.swept_until)
        if len(ranges) > budget + 1:
            others = others[: budget - num_newest]
        yield from newest
        ends = time.monotonic() + self.options.sweep_seconds
        for place, keys in enumerate(others):
            if place >= OTHERS_SWEPT and time.monotonic() > ends:
                return
            yield keys
            self.swept_until = keys.high

    def _hash_stored(self, keys: KeyRange) -> tuple[int, int]:
        key = pl.col(self.table.key)
        low = [key > keys.low] if keys.low is not None else []
        high = [key <= keys.high] if keys.high is not None else []
        touched = self._touched.filter(*low, *high)
        stored = self.target.open_in(keys, [self.table.key, UPDATED_AT])
        self.num_compared += stored.height
        stored = self._readable(stored).join(touched, on=self.table.key, how="anti")
        return hash_rows(self.table, pl.concat([stored, touched]))

    def _admit(self, page: Page) -> pl.DataFrame:
        """Count what is odd in a page and refuse what cannot be stored; keep the lease alive.

        Raises:
            SourceError: two rows share a key.
        """
        self.lease.renew()
        rows = page.rows
        if rows[self.table.key].n_unique() != rows.height:
            twice = rows.filter(pl.col(self.table.key).is_duplicated())[self.table.key][0]
            raise SourceError(
                f"{self.table.name}.{self.table.key} {twice} stands on two rows: make it the primary key."
            )
        self.counts.num_zero_dates += page.num_zero_dates
        ahead = rows[UPDATED_AT].filter(rows[UPDATED_AT] > self.snapshot.bound) - self.snapshot.bound
        self.counts.num_future += ahead.len()
        self.counts.num_ahead += int(ahead.is_between(CLOCK_SKEW, LARGEST_ZONE).sum())
        return rows

    def _find_orphans(self, rows: pl.DataFrame) -> pl.Series:
        is_orphan = np.zeros(rows.height, dtype=bool)
        for column, parent in self.table.parents.items():
            is_known = self.parent_keys[parent].holds(rows[column].fill_null(0).to_numpy())
            is_orphan |= ~is_known & rows[column].is_not_null().to_numpy()
        return pl.Series("is_orphan", is_orphan)

    def _stage(self, changes: Changes) -> None:
        self.target.stage(changes)
        self.counts.add(changes)
        if self.table.name in PARENTS:
            visible = changes.openings.filter(pl.col(KNOWN_FROM).is_not_null())
            self._staged_visible.append(visible[self.table.key].to_numpy())

    def _stored(self, name: str) -> int:
        return int(self._before.get(name, "0"))
