"""Hash and checksum of rows of the store, equal to those that the shop computes in SQL over its own."""

import hashlib

import polars as pl

from features.sync.source.columns import SyncedTable
from features.sync.source.sql import (
    KEY_OFFSET,
    KEY_OFFSET_OF_MICROS,
    LIMB_29,
    LIMB_30,
    LIMB_31,
    SECONDS_MODULUS,
    YEAR_0_SECONDS,
)
from shop.mapping.canonical import UPDATED_AT


def hash_rows(table: SyncedTable, rows: pl.DataFrame) -> tuple[int, int]:
    """Count rows and sum the hash of (key, `updated_at`): what `select_range_hash` computes in the shop."""
    key, micros = pl.col(table.key), pl.col(UPDATED_AT).cast(pl.Int64)
    second, micro = micros // 1_000_000 + YEAR_0_SECONDS, micros % 1_000_000
    a = (key & LIMB_29) + ((key // 2**29) & LIMB_29) + KEY_OFFSET
    b = ((key // 2**33) & LIMB_31) + (key & LIMB_30) + KEY_OFFSET_OF_MICROS
    row_hash = pl.coalesce(a * (second % SECONDS_MODULUS) + b * (1 + micro), a + b)
    parts = rows.select(low=(row_hash & LIMB_31).sum(), high=(row_hash // 2**31).sum())
    return rows.height, parts["low"].item() + parts["high"].item() * 2**31


def checksum_rows(table: SyncedTable, rows: pl.DataFrame) -> tuple[int, str]:
    """Count rows and take the SHA-256 of their packed text: what `select_range_checksum` computes in the shop."""
    packed = "\n".join(table.pack_rows(rows.sort(table.key)).to_list())
    return rows.height, hashlib.sha256(packed.encode()).hexdigest()
