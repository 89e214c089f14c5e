"""A synthetic shop as an ML store, written without a database between: what a first sync would have read."""

from collections import defaultdict
from datetime import UTC, date, datetime

import polars as pl
from deltalake import write_deltalake

from features.store import KNOWN_FROM, TABLE_CONFIGURATION, MLStore
from features.sync.destination.scd2 import versioned_schema
from features.sync.source.columns import SYNCED_TABLES
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop

LAST_DAY = date(2026, 1, 31)
SEED = 7
ROWS_PER_FILE = 1_000_000
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def write_synthetic_store(store: MLStore, shape: SyntheticShape) -> None:
    """Write the shop's tables; what the shop has not is null, and every row was always known."""
    tables = {table.name: table for table in SYNCED_TABLES}
    pending: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for batch in build_synthetic_shop(shape, SEED, LAST_DAY):
        if batch.table in tables:
            pending[batch.table].append(batch.frame)
            if sum(frame.height for frame in pending[batch.table]) >= ROWS_PER_FILE:
                _append(store, batch.table, pending.pop(batch.table))
    for name in tables:
        _append(store, name, pending.pop(name, []))


def _append(store: MLStore, name: str, frames: list[pl.DataFrame]) -> None:
    schema = versioned_schema({table.name: table for table in SYNCED_TABLES}[name])
    rows = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    rows = rows.with_columns(pl.lit(FIRST).alias(KNOWN_FROM))
    missing = [pl.lit(None, dtype).alias(column) for column, dtype in schema.items() if column not in rows.columns]
    write_deltalake(
        store.table_uri(name),
        rows.with_columns(missing).select(pl.col(column).cast(dtype) for column, dtype in schema.items()),
        mode="append",
        storage_options=store.storage_options,
        configuration=TABLE_CONFIGURATION,
    )
