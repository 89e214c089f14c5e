"""Verification: row counts and ordered checksums of store and shop, by key range, and repair of what differs.

The shop computes its side in SQL (MySQL: on the server, so no row travels), the store from its own files, and both hash
the same text: the rows by key, money as decimals, instants in microseconds, each text after its length. Both read the
very snapshot that the run synced, so writers who go on meanwhile cannot blur the verdict. Rows that could not be read
are left out on both sides.
"""

import logging
from collections.abc import Callable

from features.store import MLStore
from features.sync.destination.stored_rows import StoredRows
from features.sync.destination.versioned_table import VersionedTable
from features.sync.lease import Lease
from features.sync.mass_delete_guard import require_few_deletions
from features.sync.range_checksums import compare_checksums
from features.sync.report import TableVerdict
from features.sync.source.sql import KeyRange
from features.sync.table_sync import TableSync

logger = logging.getLogger(__name__)


def verify_tables(
    store: MLStore, syncs: list[TableSync], lease: Lease, at_step: Callable[[str], None] = logger.debug
) -> dict[str, TableVerdict]:
    """Compare each table with the snapshot that it was synced from, and repair the ranges that differ.

    Raises:
        MassDisappearanceError: a repair would close too many rows; the table was left as it is.
        LeaseLostError: another run took over; nothing more was written.
    """
    return {sync.table.name: _verify_table(store, sync, lease, at_step) for sync in syncs}


def _verify_table(store: MLStore, sync: TableSync, lease: Lease, at_step: Callable[[str], None]) -> TableVerdict:
    at_step(f"verify {sync.table.name}")
    stored = VersionedTable(store, sync.table)
    compared = list(compare_checksums(sync.snapshot, stored, stored.ranges(), lease))
    differing = [one.keys for one in compared if not one.is_equal]
    num_repaired = 0
    if differing:
        logger.warning(
            "store differs from shop table=%s ranges=%d of=%d", sync.table.name, len(differing), len(compared)
        )
        num_repaired = _repair(store, sync, stored, differing, lease, at_step)
    num_rows = sum(one.num_rows for one in compared)
    return TableVerdict(num_rows, len(compared), len(differing), num_repaired)


def _repair(
    store: MLStore,
    sync: TableSync,
    target: VersionedTable,
    differing: list[KeyRange],
    lease: Lease,
    at_step: Callable[[str], None],
) -> int:
    """Read the differing ranges again, commit what was wrong, and count the ranges that are equal now."""
    at_step(f"repair {sync.table.name}")
    repair = TableSync(sync.snapshot, target, sync.parent_keys, sync.options, lease)
    repair.reconcile(differing)
    require_few_deletions([repair])
    repair.target.write_files()
    lease.require()
    repair.commit()
    repaired = StoredRows(store, sync.table)
    return sum(one.is_equal for one in compare_checksums(sync.snapshot, repaired, differing, lease))
