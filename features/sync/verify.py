"""Verification: row counts and ordered checksums of store and shop, by key range, and repair of what differs.

The shop computes its side in SQL (MySQL: on the server, so no row travels), the store from its own files, and both hash
the same text: the rows by key, money as decimals, instants in microseconds, each text after its length. Both read the
very snapshot that the run synced, so writers who go on meanwhile cannot blur the verdict. Rows that could not be read
are left out on both sides.
"""

import logging
from collections.abc import Callable, Iterator

import polars as pl

from features.sync.lease import Lease
from features.sync.mass_delete_guard import require_few_deletions
from features.sync.report import TableVerdict
from features.sync.source.reader import ShopSnapshot
from features.sync.source.sql import KeyRange
from features.sync.source.sums import checksum_rows
from features.sync.stored_rows import StoredRows
from features.sync.table_sync import TableSync

logger = logging.getLogger(__name__)


def verify_tables(
    syncs: list[TableSync], lease: Lease, at_step: Callable[[str], None] = logger.debug
) -> dict[str, TableVerdict]:
    """Compare each table with the snapshot that it was synced from, and repair the ranges that differ.

    Raises:
        MassDisappearanceError: a repair would close too many rows; the table was left as it is.
        LeaseLostError: another run took over; nothing more was written.
    """
    return {sync.table.name: _verify_table(sync, lease, at_step) for sync in syncs}


def _verify_table(sync: TableSync, lease: Lease, at_step: Callable[[str], None]) -> TableVerdict:
    at_step(f"verify {sync.table.name}")
    stored = StoredRows(sync.store, sync.table)
    compared = list(_compare(sync.snapshot, stored, stored.ranges(), lease))
    differing = [keys for keys, is_equal, _count in compared if not is_equal]
    num_repaired = 0
    if differing:
        logger.warning(
            "store differs from shop table=%s ranges=%d of=%d", sync.table.name, len(differing), len(compared)
        )
        num_repaired = _repair(sync, differing, lease, at_step)
    num_rows = sum(count for _keys, _is_equal, count in compared)
    return TableVerdict(num_rows, len(compared), len(differing), num_repaired)


def _repair(sync: TableSync, differing: list[KeyRange], lease: Lease, at_step: Callable[[str], None]) -> int:
    """Read the differing ranges again, commit what was wrong, and count the ranges that are equal now."""
    at_step(f"repair {sync.table.name}")
    repair = TableSync(sync.snapshot, sync.store, sync.table, sync.parent_keys, sync.options, lease)
    repair.reconcile(differing)
    require_few_deletions([repair])
    repair.target.write_files()
    lease.require()
    repair.commit()
    repaired = StoredRows(sync.store, sync.table)
    return sum(is_equal for _keys, is_equal, _count in _compare(sync.snapshot, repaired, differing, lease))


def _compare(
    snapshot: ShopSnapshot, stored: StoredRows, ranges: list[KeyRange], lease: Lease
) -> Iterator[tuple[KeyRange, bool, int]]:
    """Yield ranges that together cover the given ones, whether each is equal, and the shop's count of its rows."""
    for keys in ranges:
        lease.renew()
        unreadable = list(snapshot.set_aside.get(stored.table.name, ()))
        rows = stored.open_in(keys).filter(~pl.col(stored.table.key).is_in(unreadable)).sort(stored.table.key)
        theirs = snapshot.checksum_range(stored.table, keys)
        if theirs is not None:
            yield keys, theirs == checksum_rows(stored.table, rows), theirs[0]
        elif rows.height < 2:
            yield keys, False, 0
        else:
            middle = int(rows[stored.table.key][rows.height // 2 - 1])
            yield from _compare(snapshot, stored, [KeyRange(keys.low, middle), KeyRange(middle, keys.high)], lease)
