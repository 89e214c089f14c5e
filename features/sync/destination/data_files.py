"""Parquet files of a synced table: key range of each, how one is added to the table and removed."""

import json
import time
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import polars as pl
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from features.store import MLStore
from features.sync.destination.key_set import Keys
from features.sync.source.columns import SyncedTable

MIN_KEY, MAX_KEY = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class DataFile:
    """A file of the table and the range of its keys, both ends included."""

    path: str
    size: int
    num_rows: int
    low: int
    high: int

    def may_hold(self, keys: Keys) -> bool:
        """Return whether one of these sorted keys lies in the file's range."""
        return bool(np.searchsorted(keys, self.low) < np.searchsorted(keys, self.high, "right"))

    def removed(self, *, data_change: bool) -> RemoveAction:
        """Say that the file leaves the table; `data_change` is false when its rows only move."""
        return RemoveAction(self.path, data_change, _now_millis(), self.size, {})


def list_files(table: DeltaTable, key: str) -> list[DataFile]:
    """List the files of a table by their lowest key. One without statistics may hold any key."""
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    files = []
    for row in actions.iter_rows(named=True):
        low, high = row.get(f"min.{key}"), row.get(f"max.{key}")
        low, high = (MIN_KEY, MAX_KEY) if low is None or high is None else (low, high)
        files.append(DataFile(row["path"], row["size_bytes"], row["num_records"] or 1, low, high))
    return sorted(files, key=lambda file: file.low)


def write_file(store: MLStore, table: SyncedTable, rows: pl.DataFrame) -> AddAction:
    """Write rows into a new file, which no reader sees until a commit adds it."""
    path = f"{uuid4()}.parquet"
    size = store.files.write_rows(f"{table.name}/{path}", rows)
    keys = rows[table.key]
    statistics = {
        "numRecords": rows.height,
        "minValues": {table.key: keys.min()},
        "maxValues": {table.key: keys.max()},
        "nullCount": {table.key: 0},
    }
    return AddAction(path, size, {}, _now_millis(), True, json.dumps(statistics))


def _now_millis() -> int:
    return int(time.time() * 1000)
