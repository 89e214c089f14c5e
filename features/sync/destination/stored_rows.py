"""Rows of one synced table as the store holds them now: newest, open and waiting versions, by key or key range.

Rows lie in files, each with its range of keys, so a question about some keys opens few of them.
"""

import numpy as np
import polars as pl

from features.store import KNOWN_FROM, KNOWN_UNTIL, MLStore
from features.sync.destination.data_files import MAX_KEY, MIN_KEY, DataFile, list_files
from features.sync.destination.key_set import Keys
from features.sync.destination.scd2 import versioned_schema
from features.sync.source.columns import SyncedTable
from features.sync.source.sql import KeyRange

RANGE_ROWS = 65_536


class StoredRows:
    """The files of a table at one version of it, and the rows in them."""

    def __init__(self, store: MLStore, table: SyncedTable):
        """Read the state of the table's log; no rows yet."""
        self.table = table
        self._store = store
        self._delta = store.open(table.name) if store.exists(table.name) else None
        self.stored_schema = versioned_schema(table) if self._delta is None else pl.Schema(self._delta.schema())
        self.files = [] if self._delta is None else list_files(self._delta, table.key)

    @property
    def is_new(self) -> bool:
        """Return whether the store has never held this table."""
        return self._delta is None

    @property
    def metadata(self) -> dict[str, str]:
        """Return what the commits up to this version carried last; nothing if the table is new."""
        return {} if self._delta is None else self._store.metadata(self.table.name, self._delta.version())

    @property
    def is_outdated(self) -> bool:
        """Return whether earlier code has typed the stored columns otherwise."""
        return self.stored_schema != versioned_schema(self.table)

    def ranges(self) -> list[KeyRange]:
        """Cut the whole line of keys where files begin, into ranges of some `RANGE_ROWS` stored rows each."""
        cuts: list[int] = []
        num_rows = 0
        for file in self.files:
            if num_rows >= RANGE_ROWS and (not cuts or file.low - 1 > cuts[-1]):
                cuts.append(file.low - 1)
                num_rows = 0
            num_rows += file.num_rows
        if self.files:
            cuts.append(max(file.high for file in self.files))
        return [KeyRange(low, high) for low, high in zip([None, *cuts], [*cuts, None], strict=True)]

    def newest_of(self, keys: pl.Series) -> pl.DataFrame:
        """Return the newest version, open or closed, of each of these keys that the store knows."""
        wanted = np.unique(keys.to_numpy())
        files = [file for file in self.files if file.may_hold(wanted)]
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

    def lives_in(self, keys: KeyRange) -> pl.DataFrame:
        """Return the key and the life of all versions in a key range."""
        return self._read_range(keys).select(self.table.key, KNOWN_FROM, KNOWN_UNTIL).collect()

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
        files = [file for file in self.files if file.may_hold(keys)]
        if not files:
            return np.empty(0, dtype=np.int64)
        visible = self._scan(files).filter(pl.col(KNOWN_FROM).is_not_null()).select(self.table.key)
        wanted = pl.LazyFrame({self.table.key: keys})
        return visible.join(wanted, on=self.table.key, how="semi").collect().to_series().to_numpy()

    def read_file(self, file: DataFile) -> pl.DataFrame:
        """Read all versions in a file, in the order in which they lie there."""
        return self._scan([file]).collect()

    def _read_range(self, keys: KeyRange, *conditions: pl.Expr) -> pl.LazyFrame:
        """Read all versions of the keys in a range, from the files that may hold them."""
        low = MIN_KEY - 1 if keys.low is None else keys.low
        high = MAX_KEY if keys.high is None else keys.high
        files = [file for file in self.files if file.high > low and file.low <= high]
        if not files:
            return versioned_schema(self.table).to_frame().lazy()
        key = pl.col(self.table.key)
        above = [key > low] if keys.low is not None else []
        below = [key <= high] if keys.high is not None else []
        return self._scan(files).filter(*above, *below, *conditions)

    def _scan(self, files: list[DataFile]) -> pl.LazyFrame:
        rows = pl.scan_parquet(
            [self._store.files.path(f"{self.table.name}/{file.path}") for file in files],
            glob=False,
            schema=self.stored_schema,
            storage_options=self._store.files.polars_options,
        )
        return self._retype(rows) if self.is_outdated else rows

    def _retype(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Give rows of earlier code today's types; a column that it did not have is null."""
        return rows.select(
            (pl.col(name) if name in self.stored_schema else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in versioned_schema(self.table).items()
        )


def _newest(versions: pl.DataFrame, key: str) -> pl.DataFrame:
    """Keep one version a key: the open one, else the one closed last."""
    return versions.sort(key, KNOWN_UNTIL, nulls_last=True).unique(subset=key, keep="last", maintain_order=True)
