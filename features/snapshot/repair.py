"""Repair of snapshots: damaged logs are mended, and what lost rows by it leaves the index, to be built again."""

import logging
from datetime import datetime

from features.delta_log import DAMAGED, DeltaLog
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
    names = ["snapshots", *(f"snapshot_{table}" for table in TABLES)]
    mended = [name for name in names if DeltaLog(store.files, name).mend() is not None]
    if not mended:
        return []
    gone = [as_of for as_of in list_snapshots(store)["as_of"] if not _is_whole(store, as_of)]
    if gone:
        store.open("snapshots").delete(f"as_of IN ({', '.join(map(repr, gone))})")
    logger.warning("snapshots repaired tables=%s gone=%s kept_in=%s", ",".join(mended), ",".join(gone), DAMAGED)
    return gone


def _is_whole(store: MLStore, as_of: str) -> bool:
    """Return whether the frames are those that were written."""
    try:
        snapshot = Snapshot.open(store, datetime.fromisoformat(as_of))
    except StoreError:
        return False
    return snapshot.hash_frames() == snapshot.snapshot_id
