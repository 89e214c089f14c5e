"""Repair of the store's own side: its logs and files, keys whose versions overlap, columns of earlier code."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from polars.exceptions import PanicException, PolarsError

from features.delta_log import DAMAGED, DeltaLog, FirstCommit
from features.store import KNOWN_FROM, KNOWN_UNTIL, TABLE_CONFIGURATION, MLStore
from features.sync.destination.data_files import DataFile
from features.sync.destination.scd2 import follow_each_other
from features.sync.destination.versioned_table import VersionedTable, delta_schema
from features.sync.lease import Lease
from features.sync.source.columns import SyncedTable
from features.sync.table_sync import WATERMARK

logger = logging.getLogger(__name__)


def repair_own_tables(store: MLStore) -> list[str]:
    """Make the tables of the store's own readable, the lease too; no lease is needed to take away what nobody can read.

    Returns:
        A warning for each table that could not be read.
    """
    names = [name for name in store.tables() if name.startswith("_")]
    return [
        f"the store's own table {name} had lost or damaged {what}: what they said is lost, they are kept in {DAMAGED}"
        for name in names
        for what in _repair_own_table(store, name)
    ]


def _repair_own_table(store: MLStore, name: str) -> list[str]:
    """Mend a log and take files out of the table that are lost or cannot be read; return what of it was damaged."""
    repaired = ["commits"] if DeltaLog(store.files, name).mend() is not None else []
    if not store.exists(name):  # its log is set aside, the table begins anew
        return repaired
    table = store.open(name)
    paths = [f"{name}/{path}" for path in store.list_files(table)]
    damaged = [path for path in paths if _read_rows(store, path) is None]
    for path in set(damaged) & store.files.sizes(name).keys():
        store.files.copy(path, f"{DAMAGED}/{path}")
        store.files.delete(path)
    if damaged:
        table.repair()
        repaired.append("files")
    return repaired


def repair_table(store: MLStore, table: SyncedTable, lease: Lease) -> tuple[VersionedTable, list[str]]:
    """Make a table readable and unambiguous; the sync then reads again from the shop what went.

    Args:
        store: the ML store.
        table: a synced table; one that was never written is left alone.
        lease: the right to write.

    Returns:
        The table as it is now, and a warning for each kind of damage.

    Raises:
        StoreError: the store does not answer, or another run took over.
    """
    mended = DeltaLog(store.files, table.name).mend(FirstCommit(delta_schema(table), TABLE_CONFIGURATION))
    target, warnings = upgrade_table(store, table, lease)
    warnings = _warn_of_mended(table, mended) + warnings
    damaged = _remove_damaged(target, store)
    num_overlapping = sum(_count_overlapping(table, target.lives_in(keys)) for keys in target.ranges())
    if mended is not None or damaged or num_overlapping:
        target = _rewrite(target, store, lease, trusts_watermark=mended is None)
    warnings += _warn_of_damaged(table, damaged)
    if num_overlapping:
        warnings.append(f"{table.name} had {num_overlapping} versions of rows that overlapped others: put in order")
    for warning in warnings:
        logger.warning("store repaired table=%s %s", table.name, warning)
    return target, warnings


def upgrade_table(store: MLStore, table: SyncedTable, lease: Lease) -> tuple[VersionedTable, list[str]]:
    """Write a table whose columns earlier code typed otherwise anew, in one commit; older versions stay as they were.

    The watermark goes, so that the sync compares every row with the shop: what the old type could not hold comes then.

    Returns:
        The table as it is now, and a warning if files were lost or damaged.
    """
    target = VersionedTable(store, table)
    if not target.is_outdated:
        return target, []
    damaged = _remove_damaged(target, store)
    target = _rewrite(target, store, lease, trusts_watermark=False)
    logger.info("table upgraded table=%s", table.name)
    return target, _warn_of_damaged(table, damaged)


@dataclass
class _Counts:
    num_rows: int = 0
    num_quarantined: int = 0


def _rewrite(target: VersionedTable, store: MLStore, lease: Lease, *, trusts_watermark: bool) -> VersionedTable:
    """Write all rows anew, each key's versions one after the other, with their counts; in one commit. Return them."""
    counts = _Counts()

    def make_sound(rows: pl.DataFrame) -> pl.DataFrame:
        rows = follow_each_other(target.table, rows, datetime.now(UTC))
        opened = rows.filter(pl.col(KNOWN_UNTIL).is_null())
        counts.num_rows += opened.height
        counts.num_quarantined += opened[KNOWN_FROM].null_count()
        return rows

    target.stage_rewriting(make_sound)
    target.write_files()
    metadata = target.metadata | {name: str(count) for name, count in vars(counts).items()}
    if not trusts_watermark:
        metadata.pop(WATERMARK, None)
    lease.require()
    target.commit(metadata, lease.number)
    return VersionedTable(store, target.table)


def _warn_of_mended(table: SyncedTable, versions: list[int] | None) -> list[str]:
    if versions is None:
        return []
    which = f" (versions {', '.join(map(str, versions))})" if versions else ""
    return [
        f"{table.name} had lost or damaged files{which} in its log: the shop's rows are read again, what they had been "
        f"by those commits is lost; what was damaged is kept in the store's {DAMAGED}/{table.name}"
    ]


def _count_overlapping(table: SyncedTable, lives: pl.DataFrame) -> int:
    sound = follow_each_other(table, lives, datetime.now(UTC))
    changed = sound.join(lives, on=lives.columns, how="anti", nulls_equal=True)
    return lives.height - sound.height + changed.height


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
    rows = _read_rows(store, f"{target.table.name}/{file.path}")
    return rows is not None and rows.height > 0 and set(target.stored_schema.names()) <= set(rows.columns)


def _read_rows(store: MLStore, path: str) -> pl.DataFrame | None:
    """Return the rows of a file; None if it is lost or cannot be read whole."""
    data = store.files.read(path)
    try:
        return None if data is None else pl.read_parquet(data)
    except (PolarsError, PanicException, OSError):
        return None
