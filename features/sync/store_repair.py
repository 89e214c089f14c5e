"""Repair of the store's own side: lost or damaged files, keys with two open versions, columns of earlier code."""

import logging
from datetime import UTC, datetime

import numpy as np
import polars as pl
from polars.exceptions import PanicException, PolarsError

from features.store import KNOWN_FROM, KNOWN_UNTIL, MLStore
from features.sync.data_files import DataFile
from features.sync.lease import Lease
from features.sync.source.columns import SyncedTable
from features.sync.source.sql import KeyRange
from features.sync.table_sync import WATERMARK
from features.sync.versioned_table import VersionedTable

logger = logging.getLogger(__name__)


def repair_table(store: MLStore, table: SyncedTable, lease: Lease) -> list[str]:
    """Make a table readable and unambiguous in one commit; the sync then reads again from the shop what went.

    Args:
        store: the ML store.
        table: a synced table; one that was never written is left alone.
        lease: the right to write.

    Returns:
        A warning for each kind of damage.

    Raises:
        StoreError: the store does not answer, or another run took over.
    """
    target = VersionedTable(store, table)
    if target.is_new:
        return []
    damaged = _remove_damaged(target, store)
    num_ended = _end_doubles(target, datetime.now(UTC))
    if not (damaged or num_ended):
        return []
    metadata = store.metadata(table.name)
    metadata["num_rows"] = str(target.count_open(KeyRange()) - num_ended)
    metadata["num_quarantined"] = str(target.quarantined().height)
    target.write_files()
    lease.require()
    target.commit(metadata, lease.number)
    warnings = _warn_of_damaged(table, damaged)
    if num_ended:
        warnings.append(
            f"{table.name} had {num_ended} rows with two open versions in the store: the older ones were closed"
        )
    for warning in warnings:
        logger.warning("store repaired table=%s %s", table.name, warning)
    return warnings


def upgrade_table(store: MLStore, table: SyncedTable, lease: Lease) -> list[str]:
    """Write a table whose columns earlier code typed otherwise anew, in one commit; older versions stay as they were.

    The watermark goes, so that the sync compares every row with the shop: what the old type could not hold comes then.

    Returns:
        A warning if files were lost or damaged.
    """
    target = VersionedTable(store, table)
    if not target.is_outdated:
        return []
    damaged = _remove_damaged(target, store)
    target.stage_rewriting()
    metadata = {name: value for name, value in store.metadata(table.name).items() if name != WATERMARK}
    metadata["num_rows"] = str(target.count_open(KeyRange()))
    metadata["num_quarantined"] = str(target.quarantined().height)
    target.write_files()
    lease.require()
    target.commit(metadata, lease.number)
    logger.info("table upgraded table=%s", table.name)
    return _warn_of_damaged(table, damaged)


def _remove_damaged(target: VersionedTable, store: MLStore) -> list[DataFile]:
    """Stage that files which are lost or cannot be read leave the table; return them."""
    damaged = [file for file in target.files if not _is_sound(store, target, file)]
    for file in damaged:
        target.remove(file)
    return damaged


def _warn_of_damaged(table: SyncedTable, damaged: list[DataFile]) -> list[str]:
    if not damaged:
        return []
    num_lost = sum(file.num_rows for file in damaged)
    return [
        f"{table.name} had {len(damaged)} lost or damaged files in the store, with {num_lost:,} row versions: the "
        "shop's rows are read again, what they had been before is lost"
    ]


def _is_sound(store: MLStore, target: VersionedTable, file: DataFile) -> bool:
    """Return whether a file is there and can be read whole.

    Raises:
        StoreError: the store does not answer, which says nothing about the file.
    """
    data = store.read_bytes(f"{target.table.name}/{file.path}")
    if data is None:
        return False
    try:
        return pl.read_parquet(data).select(target.stored_schema.names()).height > 0
    except (PolarsError, PanicException, OSError):
        return False


def _end_doubles(target: VersionedTable, now: datetime) -> int:
    """Stage that of several open versions of a key all but the last end where the next begins.

    Returns:
        The number of versions that end.
    """
    key = target.table.key
    opened = [target.open_in(part, [key]).to_series() for part in target.ranges()]
    doubled = np.unique(pl.concat(keys.filter(keys.is_duplicated()) for keys in opened).to_numpy())
    if not doubled.size:
        return 0
    files = [file for file in target.files if file.may_hold(doubled)]
    rows = pl.concat(
        target.read_file(file).with_row_index("row").with_columns(file=pl.lit(place))
        for place, file in enumerate(files)
    )
    ended = _find_ends(rows.filter(pl.col(KNOWN_UNTIL).is_null(), pl.col(key).is_in(doubled)), key, now)
    for place, file in enumerate(files):
        ends = ended.filter(pl.col("file") == place)
        if ends.is_empty():
            continue
        kept = rows.filter(pl.col("file") == place).join(ends, on=["file", "row"], how="left", maintain_order="left")
        target.replace(file, kept.with_columns(pl.col(KNOWN_UNTIL).fill_null(pl.col("end"))).drop("file", "row", "end"))
    return ended.height


def _find_ends(opened: pl.DataFrame, key: str, now: datetime) -> pl.DataFrame:
    """Return file, row and end of all open versions but the last of each key."""
    ordered = opened.sort(key, KNOWN_FROM, nulls_last=False).with_columns(
        end=pl.col(KNOWN_FROM).shift(-1).over(key).fill_null(now), is_last=pl.col(key).is_last_distinct()
    )
    return ordered.filter(~pl.col("is_last")).select("file", "row", "end")
