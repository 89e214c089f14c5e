"""Mass-delete guard: stops a sync when so many rows are gone that the database is likelier the wrong one or empty."""

from collections.abc import Iterable

from features.store import StoreError
from features.sync.table_sync import TableSync


class MassDisappearanceError(StoreError):
    """Too many rows have gone at once; nothing was written."""


def require_plausible(syncs: Iterable[TableSync]) -> None:
    """Refuse to close too large a share of the rows that a run has looked at.

    Raises:
        MassDisappearanceError: names each table with its counts.
    """
    suspect = [
        f"{sync.table.name}: {sync.counts.num_deleted:,} of {sync.num_compared:,} rows"
        for sync in syncs
        if sync.counts.num_deleted >= sync.options.min_gone_rows
        and sync.counts.num_deleted > sync.options.max_gone_share * sync.num_compared
    ]
    if suspect:
        raise MassDisappearanceError(
            f"Refused, nothing was written: gone from the shop are {'; '.join(suspect)}. Check SHOP_DATABASE_URL and "
            "that the replica is complete. If the rows were really deleted, run again with --accept-deletes."
        )
