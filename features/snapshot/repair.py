"""Repair of snapshots: damaged logs are mended, and what lost rows leaves the index, to be built again."""

import logging
from datetime import datetime

import polars as pl

from features.delta_log import DAMAGED, DeltaLog
from features.snapshot.index_row import INDEX
from features.snapshot.tables import TABLES, Snapshot, list_snapshots
from features.store import MLStore
from features.store_failures import StoreError

logger = logging.getLogger(__name__)


def repair_snapshots(store: MLStore) -> list[str]:
    """Make the tables of snapshots readable, each snapshot whole or not at all.

    Returns:
        Instants of the snapshots that are gone, ISO 8601.

    Raises:
        OSError: the store does not answer.
    """
    names = [INDEX, *(f"snapshot_{table}" for table in TABLES)]
    mended = [name for name in names if DeltaLog(store.files, name).mend() is not None]
    lost = _find_lost_rows(store)
    _leave_out(store, lost)
    if not mended and not lost:
        return []
    gone = [as_of for as_of in list_snapshots(store)["as_of"] if not _is_whole(store, as_of)] if mended else []
    _leave_out(store, gone)
    gone = [*lost, *gone]
    logger.warning("snapshots repaired tables=%s gone=%s kept_in=%s", ",".join(mended), ",".join(gone), DAMAGED)
    return gone


def _find_lost_rows(store: MLStore) -> list[str]:
    """Name the snapshots whose row of the index is lost or damaged."""
    try:
        list_snapshots(store)
    except StoreError:
        actions = pl.DataFrame(store.open(INDEX).get_add_actions(flatten=True))
        return [as_of for as_of in sorted(actions["partition.as_of"]) if store.find_damage(INDEX, as_of)]
    return []


def _leave_out(store: MLStore, instants: list[str]) -> None:
    """Take snapshots out of the index."""
    if instants:
        store.open(INDEX).delete(f"as_of IN ({', '.join(map(repr, instants))})")


def _is_whole(store: MLStore, as_of: str) -> bool:
    """Return whether the frames are those that were written."""
    try:
        snapshot = Snapshot.open(store, datetime.fromisoformat(as_of))
    except StoreError:
        return False
    return snapshot.hash_frames() == snapshot.snapshot_id
