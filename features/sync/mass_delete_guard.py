"""Plausibility of a sync: refuses to follow what is likelier another or an empty database than business in this one."""

from collections.abc import Sequence

from features.store_failures import StoreError
from features.sync.table_sync import TableSync

FEW_ROWS = 2
"""Fewer rows than these say nothing when they are gone, or new."""

REMEDY = (
    "If the shop was loaded anew, run again with --accept-source; a different shop wants a store of its own "
    "(ML_STORE_URI)."
)


class MassDisappearanceError(StoreError):
    """Too many rows have gone at once; nothing was written."""


class AnotherShopError(StoreError):
    """The rows are not those of the shop that the store follows; nothing was written."""


def require_plausible(syncs: Sequence[TableSync], unknown: str | None = None) -> None:
    """Refuse to close too large a share of the rows that a run has looked at, and to follow another shop.

    The rows themselves are the shop's fingerprint: a server's id changes when a replica takes over, `created_at` of a
    key does not. A database whose id the store does not know has to show more: hardly a row that differs without having
    been changed later.

    Args:
        syncs: all tables of the run that are read from one database, collected.
        unknown: where the shop is now and was before, for a person, if the store does not know that database.

    Raises:
        MassDisappearanceError: names each table with its counts.
        AnotherShopError: names the counts and the database.
    """
    _require_same_shop(syncs)
    if unknown is not None:
        _require_same_rows(syncs, unknown)
    require_few_deletions(syncs)


def holds_other_rows(syncs: Sequence[TableSync]) -> bool:
    """Return whether more than a few rows contradict those of the shop that was followed before."""
    return sum(sync.counts.num_contradicting for sync in syncs) > FEW_ROWS


def require_few_deletions(syncs: Sequence[TableSync]) -> None:
    """Refuse to close too large a share of the rows that a run has looked at.

    Raises:
        MassDisappearanceError: names each table with its counts.
    """
    suspect = [
        f"{sync.table.name}: {sync.counts.num_deleted:,} of {sync.num_compared:,} rows"
        for sync in syncs
        if sync.counts.num_deleted > sync.options.max_gone_share * sync.num_compared
        and (sync.counts.num_deleted >= sync.options.min_gone_rows or _is_emptied(sync))
    ]
    if suspect:
        raise MassDisappearanceError(
            f"Refused, nothing was written: gone from the {syncs[0].snapshot.role} are {'; '.join(suspect)}. "
            f"Check {syncs[0].snapshot.setting} and that the replica is complete. If the rows were really deleted, run "
            "again with --accept-deletes."
        )


def _is_emptied(sync: TableSync) -> bool:
    """Return whether a table of several rows would have none."""
    return sync.counts.num_deleted >= FEW_ROWS and sync.num_rows_after == 0


def _require_same_shop(syncs: Sequence[TableSync]) -> None:
    num_recreated = sum(sync.counts.num_recreated for sync in syncs)
    num_looked_at = _count_looked_at(syncs)
    limit = max((sync.options.max_recreated_share for sync in syncs), default=1.0)
    if num_recreated > FEW_ROWS and num_recreated > limit * num_looked_at:
        raise AnotherShopError(
            f"Refused, nothing was written: {num_recreated:,} of {num_looked_at:,} rows have another created_at than "
            "the same keys had before, so this looks like another shop than the one that the store follows. Check "
            f"{syncs[0].snapshot.setting}, which leads to {syncs[0].snapshot.session.name}. {REMEDY}"
        )


def _require_same_rows(syncs: Sequence[TableSync], unknown: str) -> None:
    num_contradicting = sum(sync.counts.num_contradicting for sync in syncs)
    num_looked_at = _count_looked_at(syncs)
    limit = max((sync.options.max_contradicting_share for sync in syncs), default=1.0)
    if holds_other_rows(syncs) and num_contradicting > limit * num_looked_at:
        raise AnotherShopError(
            f"Refused, nothing was written: {unknown}, and {num_contradicting:,} of {num_looked_at:,} rows are not "
            f"what they were there, without having been changed later. Check {syncs[0].snapshot.setting}. "
            f"{REMEDY}"
        )


def _count_looked_at(syncs: Sequence[TableSync]) -> int:
    return sum(max(sync.num_compared, sync.num_changed_known) for sync in syncs)
