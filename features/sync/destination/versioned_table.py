"""One synced Delta table during a run: the changes to its rows, and the commit of them.

A change rewrites the files that hold its keys and leaves the rest alone. New files are written beforehand and seen by
nobody; one commit then adds and removes files and carries the watermark. A commit goes in only on top of the version
that the run has read, or not at all.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from deltalake import CommitProperties, Schema
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction, Transaction, create_table_with_add_actions

from features.store import KNOWN_UNTIL, TABLE_CONFIGURATION, MLStore
from features.store_failures import StoreError, describe_failure
from features.sync.destination.data_files import DataFile, write_file
from features.sync.destination.scd2 import Changes, versioned_schema
from features.sync.destination.stored_rows import StoredRows
from features.sync.source.columns import SYNCED_TABLES, SyncedTable

FILE_ROWS = 131_072
SPARE_FILES = 8
APPLICATION = "features.sync"


class FencedError(StoreError):
    """Another run has committed to the table since this one read it; nothing of this run went in."""


class VersionedTable(StoredRows):
    """The stored rows, and changes to them that are gathered and then committed at once."""

    def __init__(self, store: MLStore, table: SyncedTable):
        """Read the state of the table's log; no rows yet."""
        super().__init__(store, table)
        self._added: list[AddAction] = []
        self._buffer: list[pl.DataFrame] = []
        self._closings: list[pl.DataFrame] = []
        self._removed: list[RemoveAction] = []

    @property
    def has_changes(self) -> bool:
        """Return whether a commit would change any row."""
        return bool(self._added or self._buffer or self._closings or self._removed)

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
        num_rows = sum(file.num_rows for file in self.files)
        if self.is_outdated or len(self.files) <= SPARE_FILES + num_rows // FILE_ROWS * 3 // 2:
            return 0
        self.stage_rewriting()
        return len(self._removed)

    def stage_rewriting(self, change: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows) -> None:
        """Stage the same rows in full files by key, typed as today; nothing else may be staged beside it.

        Args:
            change: what to make of all versions of a range of keys.
        """
        for keys in self.ranges():
            self._buffer.append(change(self._read_range(keys).collect()))
            self._flush_if_full()
        self._removed += [file.removed(data_change=False) for file in self.files]

    def remove(self, file: DataFile) -> None:
        """Stage that a file leaves the table with its rows."""
        self.files = [kept for kept in self.files if kept != file]
        self._removed.append(file.removed(data_change=True))

    def replace(self, file: DataFile, rows: pl.DataFrame) -> None:
        """Write rows in the place of a file's own, seen once they are committed."""
        self._added.append(write_file(self._store, self.table, rows))
        self._removed.append(file.removed(data_change=True))

    def write_files(self) -> None:
        """Write what is staged and still in memory, and anew the files that hold rows to be closed."""
        self._flush(is_last=True)
        self._rewrite_closed()

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
        schema = delta_schema(self.table)
        # An overwriting commit also declares the columns anew, and removes by itself all files that were there.
        mode, removed = ("overwrite", []) if self.is_outdated else ("append", self._removed)
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
                    [*self._added, *removed], mode, schema, commit_properties=properties
                )
        except DeltaError as error:
            raise self._explain(error, token) from error
        return 0 if self._delta is None else int(self._delta.version()) + 1  # on top of what was read, or not at all

    def _explain(self, error: DeltaError, token: int) -> StoreError:
        if isinstance(error, CommitFailedError) or (self._delta is None and self._store.exists(self.table.name)):
            return FencedError(
                f"Another run has committed to {self.table.name!r} since this one (number {token}) read it: "
                "nothing of this run went in."
            )
        return StoreError(describe_failure(self._store.uri, error))

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

    def _rewrite_closed(self) -> None:
        """Write anew each file that holds an open version to be closed."""
        if not self._closings:
            return
        closings = pl.concat(self._closings).rename({KNOWN_UNTIL: "end"})
        keys = np.unique(closings[self.table.key].to_numpy())
        for file in [file for file in self.files if file.may_hold(keys)]:
            rows = self.read_file(file)
            ends = rows.join(closings, on=self.table.key, how="left", maintain_order="left")["end"]
            if (rows[KNOWN_UNTIL].is_null() & ends.is_not_null()).any():
                self.replace(file, rows.with_columns(pl.col(KNOWN_UNTIL).fill_null(ends)))


def delta_schema(table: SyncedTable) -> Schema:
    """Return the columns of a synced table as its log declares them."""
    return Schema.from_arrow(versioned_schema(table).to_frame().to_arrow().schema)


def fence(store: MLStore, number: int) -> None:
    """Mark every synced table with the number of a run that took over, so that older runs can commit nothing.

    A commit goes in only on top of the version that its run has read; the mark is a new version without rows.
    """
    for table in SYNCED_TABLES:
        if store.exists(table.name):
            delta = store.open(table.name)
            mark = CommitProperties(app_transactions=[Transaction(APPLICATION, number)])
            delta.create_write_transaction([], "append", delta.schema(), commit_properties=mark)
