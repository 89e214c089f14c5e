"""The ML store: a folder, or an object-store prefix, of Delta tables named like the shop's tables.

Synced tables keep every version of a row, with the half-open life `(known_from, known_until]` of each, so that any past
instant can be read. What fills them lives in `features/sync/shop_sync.py`; here are only reading, atomic replacing and
versions. Tables whose name starts with `_` are the store's own (runs, leases) and stay out of `versions()`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import unquote

import polars as pl
from deltalake import CommitProperties, DeltaTable
from polars.exceptions import PanicException, PolarsError

from features.delta_log import DeltaLog
from features.store_failures import LIBRARY_ERRORS, StoreError, describe_damage, describe_failure, is_about_data
from features.store_files import PlainPathTable, StoreFiles
from features.store_format import require_known_format
from features.store_path import explain_unusable
from features.store_writing import write_rows
from settings import Settings

KNOWN_FROM = "known_from"
KNOWN_UNTIL = "known_until"

# Recorded versions must stay readable for as long as a registered model may be trained again: Delta's own clean-up of
# its log after 30 days is put off here, and features/maintain.py decides instead. A checkpoint that has forgotten when
# a file left the table (after a week, if not told otherwise) would let it be deleted by the age of the file itself.
LONGEST_RETENTION = timedelta(days=365)
TABLE_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": f"interval {LONGEST_RETENTION.days} days",
    "delta.checkpointInterval": "20",
}

TIMEOUTS = {"connect_timeout": "5s", "timeout": "30s", "retry_timeout": "60s"}
"""How long an object store may be silent: to a connection, to a request, and over all tries of one."""


class MLStore:
    """Delta tables under one URI: lazy reading at a version or an instant, atomic replacing with metadata.

    Datetimes are `Datetime("us", "UTC")`, ids `Int64`, money `Decimal(13, 3)`. Cheap to make, holds no open file.
    """

    def __init__(self, uri: str, storage_options: Mapping[str, str] | None = None):
        """Point at a store; nothing is read or created yet.

        Args:
            uri: a folder, or an object-store prefix such as `s3://bucket/store`.
            storage_options: credentials, endpoint and time-outs of the object store, passed through to deltalake and
                polars, which take the rest from the environment.

        Raises:
            StoreError: the folder's path holds characters that deltalake cannot have.
        """
        self.uri = str(uri).rstrip("/")
        self.storage_options = {**TIMEOUTS, **(storage_options or {})} if "://" in self.uri else {}
        self.files = StoreFiles(self.uri, self.storage_options)
        if unusable := explain_unusable(self.uri):
            raise StoreError(unusable)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Point at the store of an installation.

        Raises:
            StoreError: the folder's path holds characters that deltalake cannot have, a newer release has written the
                store, or it does not answer.
        """
        store = cls(settings.ml_store_uri, settings.object_store)
        with store.explained():
            require_known_format(store.files)
        return store

    def table_uri(self, table: str) -> str:
        """Name the place of a table for deltalake."""
        return f"{self.files.root}/{table}"

    @contextmanager
    def explained(self, *tables: str) -> Iterator[None]:
        """Turn what the libraries below the store raise into one line that names the store, or the damaged file.

        Args:
            *tables: that are read in the block; all if none is named.

        Raises:
            StoreError: the store cannot be read or written: a lost or damaged file, a full disk, no network, no rights.
        """
        try:
            yield
        except LIBRARY_ERRORS as error:
            asked = (tables or self.tables()) if is_about_data(error) else ()
            damage = next(filter(None, map(self.find_damage, asked)), None)
            raise StoreError(damage or describe_failure(self.uri, error)) from error

    def find_damage(self, table: str, partition: str | None = None) -> str | None:
        """Describe the first file of a table that is lost or cannot be read; None if no fault is in one.

        Args:
            table: name of the table.
            partition: as `scan` takes it.
        """
        try:
            opened = PlainPathTable(self.table_uri(table), storage_options=self.storage_options)
            files = self.list_files(opened, partition)
            return self._find_odd_size(table, files) or self._find_unreadable(table, files)
        except LIBRARY_ERRORS:  # its log; what was raised first says so
            return None

    def list_files(self, table: DeltaTable, partition: str | None = None) -> dict[str, int]:
        """Return the size in bytes that each data file of a table was written with, by its path in the table.

        Args:
            table: its state.
            partition: as `scan` takes it.
        """
        actions = pl.DataFrame(table.get_add_actions(flatten=True))
        if partition is not None:
            actions = actions.filter(pl.col("partition.as_of") == partition)
        return dict(actions.select(pl.col("path").map_elements(unquote, pl.String), "size_bytes").iter_rows())

    def _find_odd_size(self, table: str, files: Mapping[str, int]) -> str | None:
        sizes = self.files.sizes(table)
        for path, size in files.items():
            found = sizes.get(name := f"{table}/{path}")
            if found != size:
                seen = "is lost" if found is None else f"is damaged, it has {found:,} bytes instead of {size:,}"
                return describe_damage(self.uri, table, name, seen)
        return None

    def _find_unreadable(self, table: str, files: Iterable[str]) -> str | None:
        for path in files:
            try:
                pl.read_parquet(self.files.read(name := f"{table}/{path}") or b"")
            except (PolarsError, PanicException) as error:
                return describe_damage(self.uri, table, name, f"is damaged: {str(error).splitlines()[0]}")
        return None

    def exists(self, table: str) -> bool:
        """Return whether the table has been written at least once.

        Raises:
            StoreError: the store does not answer.
        """
        with self.explained(table):
            return bool(DeltaTable.is_deltatable(self.table_uri(table), self.storage_options))

    def open(self, table: str, version: int | None = None) -> DeltaTable:
        """Load the state of a table, the newest one if no version is given.

        Raises:
            StoreError: the table was never written; the message names the command that fills it.
        """
        if not self.exists(table):
            raise StoreError(
                f"The ML store {self.uri!r} has no table {table!r}: fill it with `python -m features.sync` "
                "(shop tables) or `python -m features.rebuild` (snapshots)."
            )
        with self.explained(table):
            return PlainPathTable(self.table_uri(table), version=version, storage_options=self.storage_options)

    def version(self, table: str) -> int:
        """Return the newest version of a table, the number that `scan` and `as_of` accept."""
        return int(self.open(table).version())

    def versions(self) -> dict[str, int]:
        """Return the newest version of each table; record it to read the very same rows again later."""
        return {name: self.version(name) for name in self.tables() if not name.startswith("_")}

    def tables(self) -> list[str]:
        """Name all tables, the store's own included."""
        with self.explained():
            folders = self.files.folders()
        return [name for name in folders if self.exists(name)]

    def scan(self, table: str, version: int | None = None, partition: str | None = None) -> pl.LazyFrame:
        """Read all row versions of a table lazily; collect them where the store's failures are `explained`.

        Args:
            table: name of the table.
            version: of it; the newest if not given.
            partition: of a table that is partitioned by `as_of`, the value whose rows are read; all if not given.

        Raises:
            StoreError: the table was never written, or a file that would be read is lost or was cut off.
        """
        opened = self.open(table, version)
        if not self.files.is_remote:  # an object is written whole or not at all, and asking for each would cost
            with self.explained(table):
                damage = self._find_odd_size(table, self.list_files(opened, partition))
            if damage and opened.version() != self.version(table):
                raise StoreError(
                    f"The ML store {self.uri!r} no longer keeps version {version} of the table {table!r}: versions go "
                    "with their retention (`python -m features.maintain`) unless a model pins them."
                )
            if damage:
                raise StoreError(damage)
        rows = pl.scan_delta(opened)
        return rows if partition is None else rows.filter(pl.col("as_of") == partition)

    def as_of(self, table: str, instant: datetime, versions: Mapping[str, int] | None = None) -> pl.LazyFrame:
        """Read the rows as they were known just before an instant: later inserts, changes and deletes don't show.

        Args:
            table: name of a synced table.
            instant: timezone-aware; a row counts when `known_from < instant` and it was not closed before `instant`.
            versions: table versions to read, as `versions()` gave them; the newest if it is None.

        Returns:
            The shop's columns, at most one row per primary key.

        Raises:
            ValueError: `instant` carries no time zone.
            StoreError: the table was never written.
            KeyError: `versions` is given and lacks the table.
        """
        if instant.tzinfo is None:
            raise ValueError(f"as_of needs an instant with a time zone, got {instant!r}: add tzinfo=UTC.")
        rows = self.scan(table, None if versions is None else versions[table])
        was_open = pl.col(KNOWN_UNTIL).is_null() | (pl.col(KNOWN_UNTIL) >= instant)
        return rows.filter((pl.col(KNOWN_FROM) < instant) & was_open).drop(KNOWN_FROM, KNOWN_UNTIL)

    def overwrite(
        self,
        table: str,
        frame: pl.DataFrame,
        partition_by: list[str] | None = None,
        where: Mapping[str, str | int] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> int:
        """Replace a table, or only some partitions of it, in one atomic commit. Creates the table if need be.

        Args:
            table: name of the table.
            frame: the new rows; with `where`, all of them must lie in those partitions.
            partition_by: partition columns of a table that is created or replaced whole; by default those of `where`.
            where: partition values to replace, e.g. `{"as_of": "2026-11-22T00:00:00+00:00", "bucket": 3}`. Columns that
                the frame has and the table lacks are added and read as null in the other partitions.
            metadata: strings stored in the same commit, read back by `metadata()`.

        Returns:
            The version that the commit made.

        Raises:
            StoreError: a row of `frame` lies outside `where`.
        """
        is_partial = where is not None and self.exists(table)
        if where is not None:
            _require_rows_inside(table, frame, where)
        with self.explained(table):
            write_rows(
                self.table_uri(table),
                frame,
                self.storage_options,
                mode="overwrite",
                partition_by=None if is_partial else (partition_by or list(where or {}) or None),
                predicate=_to_predicate(where) if is_partial and where is not None else None,
                schema_mode="merge" if is_partial else "overwrite",
                configuration=TABLE_CONFIGURATION,
                commit_properties=CommitProperties(custom_metadata=dict(metadata or {})),
            )
        return self.version(table)

    def weigh(self) -> dict[str, int]:
        """Return the bytes that each table takes, files of older versions included."""
        with self.explained():
            return {name: sum(self.files.sizes(name).values()) for name in self.tables()}

    def metadata(self, table: str, version: int | None = None) -> dict[str, str]:
        """Return the custom metadata of the newest commit, or up to a version, that carried any; empty if none did.

        Raises:
            StoreError: the table was never written.
        """
        log = DeltaLog(self.files, table)
        for number in range(self.version(table) if version is None else version, -1, -1):
            if custom := log.read_metadata(number):
                return custom
        return {}


def _to_predicate(where: Mapping[str, str | int]) -> str:
    """Write partition values as SQL: integers bare, text quoted with inner quotes doubled."""
    return " AND ".join(
        f"{column} = {value}" if isinstance(value, int) else f"{column} = '{value.replace(chr(39), chr(39) * 2)}'"
        for column, value in where.items()
    )


def _require_rows_inside(table: str, frame: pl.DataFrame, where: Mapping[str, str | int]) -> None:
    inside = frame.filter(*(pl.col(column) == value for column, value in where.items()))
    if inside.height != frame.height:
        raise StoreError(
            f"{frame.height - inside.height} of {frame.height} rows for {table!r} lie outside {dict(where)!r}: "
            "write one partition at a time."
        )
