"""One synced Delta table during a run: its files, their key ranges, and the changes to commit.

Rows lie in files of at most `FILE_ROWS`, so a change rewrites the files that hold its keys and leaves the rest alone.
New files are written beforehand and seen by nobody; one commit then adds and removes files and carries the watermark.
A commit goes in only on top of the version that the run has read, or not at all.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
import polars as pl
from deltalake import CommitProperties, Schema
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, Transaction, create_table_with_add_actions
from polars.exceptions import PanicException, PolarsError

from features.store import KNOWN_FROM, KNOWN_UNTIL, TABLE_CONFIGURATION, MLStore, StoreError
from features.sync.data_files import MAX_KEY, MIN_KEY, DataFile, list_files, write_file
from features.sync.key_set import Keys
from features.sync.scd2 import Changes, versioned_schema
from features.sync.source.columns import SYNCED_TABLES, SyncedTable
from features.sync.source.sql import KeyRange

FILE_ROWS = 131_072
RANGE_ROWS = 65_536
SPARE_FILES = 8
APPLICATION = "features.sync"


class FencedError(StoreError):
    """Another run has committed to the table since this one read it; nothing of this run went in."""


class VersionedTable:
    """Read the newest versions, gather changes, commit them at once."""

    def __init__(self, store: MLStore, table: SyncedTable):
        """Read the state of the table's log; no rows yet."""
        self.table = table
        self._store = store
        self._delta = store.open(table.name) if store.exists(table.name) else None
        self._files = [] if self._delta is None else list_files(self._delta, table.key)
        self._added: list[AddAction] = []
        self._buffer: list[pl.DataFrame] = []
        self._closings: list[pl.DataFrame] = []
        self._removed: list[RemoveAction] = []

    @property
    def is_new(self) -> bool:
        """Return whether the store has never held this table."""
        return self._delta is None

    @property
    def has_changes(self) -> bool:
        """Return whether a commit would change any row."""
        return bool(self._added or self._buffer or self._closings or self._removed)

    def ranges(self) -> list[KeyRange]:
        """Cut the whole line of keys where files begin, into ranges of some `RANGE_ROWS` stored rows each."""
        cuts: list[int] = []
        num_rows = 0
        for file in self._files:
            if num_rows >= RANGE_ROWS and (not cuts or file.low - 1 > cuts[-1]):
                cuts.append(file.low - 1)
                num_rows = 0
            num_rows += file.num_rows
        if self._files:
            cuts.append(max(file.high for file in self._files))
        return [KeyRange(low, high) for low, high in zip([None, *cuts], [*cuts, None], strict=True)]

    def newest_of(self, keys: pl.Series) -> pl.DataFrame:
        """Return the newest version, open or closed, of each of these keys that the store knows."""
        wanted = np.unique(keys.to_numpy())
        files = [file for file in self._files if file.may_hold(wanted)]
        if not files:
            return versioned_schema(self.table).to_frame()
        found = self._scan(files).join(pl.LazyFrame({self.table.key: wanted}), on=self.table.key, how="semi").collect()
        return _newest(found, self.table.key)

    def newest_in(self, keys: KeyRange) -> pl.DataFrame:
        """Return the newest version, open or closed, of each key in a range."""
        return _newest(self._read_range(keys).collect(), self.table.key)

    def open_in(self, keys: KeyRange, columns: list[str] | None = None) -> pl.DataFrame:
        """Return the versions of a key range that are open, just as they are stored; only some columns if asked."""
        return self._read_range(keys, pl.col(KNOWN_UNTIL).is_null()).select(columns or pl.all()).collect()

    def count_open(self, keys: KeyRange) -> int:
        """Count the open versions of a key range."""
        return int(self._read_range(keys, pl.col(KNOWN_UNTIL).is_null()).select(pl.len()).collect().item())

    def quarantined(self) -> pl.DataFrame:
        """Return the rows that wait for a parent."""
        waiting = pl.col(KNOWN_FROM).is_null() & pl.col(KNOWN_UNTIL).is_null()
        return self._read_range(KeyRange(), waiting).collect()

    def visible_keys(self) -> Keys:
        """Return the keys that were ever visible, once a version: what a child may point at."""
        visible = self._read_range(KeyRange(), pl.col(KNOWN_FROM).is_not_null()).select(self.table.key).collect()
        return visible.to_series().to_numpy()

    def visible_among(self, keys: Keys) -> Keys:
        """Return which of these sorted keys were ever visible."""
        files = [file for file in self._files if file.may_hold(keys)]
        if not files:
            return np.empty(0, dtype=np.int64)
        visible = self._scan(files).filter(pl.col(KNOWN_FROM).is_not_null()).select(self.table.key)
        wanted = pl.LazyFrame({self.table.key: keys})
        return visible.join(wanted, on=self.table.key, how="semi").collect().to_series().to_numpy()

    def stage(self, changes: Changes) -> None:
        """Take up changes; full files are written at once, so memory holds less than one file."""
        if not changes.closings.is_empty():
            self._closings.append(changes.closings)
        if not changes.openings.is_empty():
            self._buffer.append(changes.openings)
        self._flush_if_full()

    def stage_compaction(self) -> int:
        """Stage the same rows in full files by key, if the files have become many or overlap; commit as ever.

        Returns:
            The number of files that would go, 0 when the table is tidy.
        """
        num_rows = sum(file.num_rows for file in self._files)
        if len(self._files) <= SPARE_FILES + num_rows // FILE_ROWS * 3 // 2:
            return 0
        for keys in self.ranges():
            self._buffer.append(self._read_range(keys).collect())
            self._flush_if_full()
        self._removed = [file.removed(data_change=False) for file in self._files]
        return len(self._removed)

    def stage_removal_of_damaged(self) -> list[DataFile]:
        """Stage that files which are lost or cannot be read leave the table.

        Returns:
            The files that go; what their rows had been before is lost with them.
        """
        damaged = [file for file in self._files if not self._is_sound(file)]
        self._files = [file for file in self._files if file not in damaged]
        self._removed += [file.removed(data_change=True) for file in damaged]
        return damaged

    def stage_single_openings(self, now: datetime) -> int:
        """Stage that of several open versions of a key all but the last end where the next begins.

        Returns:
            The number of versions that end.
        """
        twice = [
            keys.filter(keys.is_duplicated())
            for keys in (self.open_in(part, [self.table.key]).to_series() for part in self.ranges())
        ]
        doubled = np.unique(pl.concat(twice).to_numpy())
        if not doubled.size:
            return 0
        files = [file for file in self._files if file.may_hold(doubled)]
        rows = pl.concat(
            self._scan([file]).with_row_index("row").with_columns(file=pl.lit(place)).collect()
            for place, file in enumerate(files)
        )
        opened = rows.filter(pl.col(KNOWN_UNTIL).is_null(), pl.col(self.table.key).is_in(doubled))
        opened = opened.sort(self.table.key, KNOWN_FROM, nulls_last=False).with_columns(
            end=pl.col(KNOWN_FROM).shift(-1).over(self.table.key).fill_null(now),
            is_last=pl.col(self.table.key).is_last_distinct(),
        )
        ended = opened.filter(~pl.col("is_last")).select("file", "row", "end")
        for place, file in enumerate(files):
            ends = ended.filter(pl.col("file") == place)
            if ends.is_empty():
                continue
            kept = rows.filter(pl.col("file") == place).join(
                ends, on=["file", "row"], how="left", maintain_order="left"
            )
            kept = kept.with_columns(pl.col(KNOWN_UNTIL).fill_null(pl.col("end"))).drop("file", "row", "end")
            self._added.append(write_file(self._store, self.table, kept))
            self._removed.append(file.removed(data_change=True))
        return ended.height

    def write_files(self) -> None:
        """Write what is staged and still in memory, and anew the files that hold rows to be closed."""
        self._flush(is_last=True)
        self._removed += self._rewrite_closed()

    def commit(self, metadata: Mapping[str, str], token: int) -> int:
        """Make everything staged visible, with the metadata, in one commit; `write_files` comes first.

        Args:
            metadata: watermark and counts.
            token: fencing number of the run, kept in the table's log.

        Returns:
            The version that the commit made.

        Raises:
            FencedError: another run has committed meanwhile.
        """
        properties = CommitProperties(
            custom_metadata=dict(metadata), max_commit_retries=0, app_transactions=[Transaction(APPLICATION, token)]
        )
        schema = Schema.from_arrow(versioned_schema(self.table).to_frame().to_arrow().schema)
        try:
            if self._delta is None:
                create_table_with_add_actions(
                    self._store.table_uri(self.table.name),
                    schema,
                    self._added,
                    configuration=TABLE_CONFIGURATION,
                    storage_options=self._store.storage_options,
                    commit_properties=properties,
                )
            else:
                self._delta.create_write_transaction(
                    [*self._added, *self._removed], "append", schema, commit_properties=properties
                )
        except DeltaError as error:
            raise self._explain(error, token) from error
        return self._store.version(self.table.name)

    def _explain(self, error: DeltaError, token: int) -> StoreError:
        if isinstance(error, CommitFailedError) or (self._delta is None and self._store.exists(self.table.name)):
            return FencedError(
                f"Another run has committed to {self.table.name!r} since this one (number {token}) read it: "
                "nothing of this run went in."
            )
        return StoreError(f"Could not commit to {self.table.name!r}: {error}. Check the store's disk and its rights.")

    def _is_sound(self, file: DataFile) -> bool:
        """Return whether a file is there and can be read whole.

        Raises:
            StoreError: the store does not answer, which says nothing about the file.
        """
        data = self._store.read_bytes(f"{self.table.name}/{file.path}")
        if data is None:
            return False
        try:
            return pl.read_parquet(data).select(versioned_schema(self.table).names()).height > 0
        except (PolarsError, PanicException, OSError):
            return False

    def _read_range(self, keys: KeyRange, *conditions: pl.Expr) -> pl.LazyFrame:
        """Read all versions of the keys in a range, from the files that may hold them."""
        low = MIN_KEY - 1 if keys.low is None else keys.low
        high = MAX_KEY if keys.high is None else keys.high
        files = [file for file in self._files if file.high > low and file.low <= high]
        if not files:
            return versioned_schema(self.table).to_frame().lazy()
        key = pl.col(self.table.key)
        above = [key > low] if keys.low is not None else []
        below = [key <= high] if keys.high is not None else []
        return self._scan(files).filter(*above, *below, *conditions)

    def _scan(self, files: list[DataFile]) -> pl.LazyFrame:
        return pl.scan_parquet(
            [self._store.path(f"{self.table.name}/{file.path}") for file in files],
            glob=False,
            schema=versioned_schema(self.table),
            storage_options=self._store.storage_options or None,
        )

    def _flush_if_full(self) -> None:
        if sum(frame.height for frame in self._buffer) >= FILE_ROWS:
            self._flush()

    def _flush(self, *, is_last: bool = False) -> None:
        """Write the staged openings in full files, by key; the rest stays unless this is the last time."""
        if not self._buffer:
            return
        rows = pl.concat(self._buffer).sort(self.table.key)
        num_full = rows.height // FILE_ROWS * FILE_ROWS
        end = rows.height if is_last else num_full
        self._added += [
            write_file(self._store, self.table, rows.slice(start, min(FILE_ROWS, end - start)))
            for start in range(0, end, FILE_ROWS)
        ]
        self._buffer = [rows.slice(end)] if end < rows.height else []

    def _rewrite_closed(self) -> Iterator[RemoveAction]:
        """Write anew each file that holds an open version to be closed, and say which file goes for it."""
        if not self._closings:
            return
        closings = pl.concat(self._closings).rename({KNOWN_UNTIL: "end"})
        keys = np.unique(closings[self.table.key].to_numpy())
        for file in [file for file in self._files if file.may_hold(keys)]:
            rows = self._scan([file]).collect()
            ends = rows.join(closings, on=self.table.key, how="left", maintain_order="left")["end"]
            is_closed = rows[KNOWN_UNTIL].is_null() & ends.is_not_null()
            if is_closed.any():
                self._added.append(
                    write_file(self._store, self.table, rows.with_columns(pl.col(KNOWN_UNTIL).fill_null(ends)))
                )
                yield file.removed(data_change=True)


def _newest(versions: pl.DataFrame, key: str) -> pl.DataFrame:
    """Keep one version a key: the open one, else the one closed last."""
    return versions.sort(key, KNOWN_UNTIL, nulls_last=True).unique(subset=key, keep="last", maintain_order=True)


def fence(store: MLStore, number: int) -> None:
    """Mark every synced table with the number of a run that took over, so that older runs can commit nothing.

    A commit goes in only on top of the version that its run has read; the mark is a new version without rows.
    """
    for table in SYNCED_TABLES:
        if store.exists(table.name):
            schema = Schema.from_arrow(versioned_schema(table).to_frame().to_arrow().schema)
            mark = CommitProperties(app_transactions=[Transaction(APPLICATION, number)])
            store.open(table.name).create_write_transaction([], "append", schema, commit_properties=mark)
