"""Repair of the store's own side: files that were lost or damaged, and keys with more than one open version."""

import logging
from datetime import UTC, datetime

from features.store import MLStore
from features.sync.lease import Lease
from features.sync.source.columns import SyncedTable
from features.sync.source.sql import KeyRange
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
    damaged = target.stage_removal_of_damaged()
    num_ended = target.stage_single_openings(datetime.now(UTC))
    if not (damaged or num_ended):
        return []
    metadata = store.metadata(table.name)
    metadata["num_rows"] = str(target.count_open(KeyRange()) - num_ended)
    metadata["num_quarantined"] = str(target.quarantined().height)
    target.write_files()
    lease.require()
    target.commit(metadata, lease.number)
    warnings = []
    if damaged:
        num_lost = sum(file.num_rows for file in damaged)
        warnings.append(
            f"{table.name} had {len(damaged)} lost or damaged files in the store, with {num_lost:,} row versions: the "
            "shop's rows are read again, what they had been before is lost"
        )
    if num_ended:
        warnings.append(
            f"{table.name} had {num_ended} rows with two open versions in the store: the older ones were closed"
        )
    for warning in warnings:
        logger.warning("store repaired table=%s %s", table.name, warning)
    return warnings
