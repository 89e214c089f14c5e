"""Hash of a snapshot's rows: sums of the rows' hashes, so that those of parts of the rows add up, in any order."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

SEEDS = (31, 62)
_MASK = 2**64 - 1


@dataclass(frozen=True)
class RowsHash:
    """How many rows there are, and the sums of their 64-bit hashes under two seeds, modulo 2^64."""

    num_rows: int = 0
    first: int = 0
    second: int = 0

    def __add__(self, other: "RowsHash") -> "RowsHash":
        return RowsHash(
            self.num_rows + other.num_rows, (self.first + other.first) & _MASK, (self.second + other.second) & _MASK
        )


def hash_rows(frame: pl.DataFrame) -> RowsHash:
    """Hash the rows of a table, in whatever order rows and columns stand."""
    rows = frame.select(sorted(frame.columns))
    sums = (int(rows.hash_rows(seed=seed).to_numpy().sum(dtype=np.uint64)) for seed in SEEDS)
    return RowsHash(frame.height, *sums)


def hash_tables(feature_hash: str, tables: Mapping[str, RowsHash]) -> str:
    """Name a snapshot by the definitions and by its rows, in hexadecimal digits."""
    digest = hashlib.sha256(feature_hash.encode())
    for table, rows in tables.items():
        digest.update(f"{table} {rows.num_rows} {rows.first:016x}{rows.second:016x} ".encode())
    return digest.hexdigest()
