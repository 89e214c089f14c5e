"""Maintenance of the ML store: `python -m features.maintain [--retention-days N] [--snapshot-days N] [--json]`.

Compacts synced tables whose files have become many, drops snapshots older than `--snapshot-days` (but the newest) and
rows of others that were written anew since, and deletes files that no version of the last `--retention-days` needs,
those of killed runs too. What a registered model was made from is pinned (`features/pins.py`) and stays.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl
from deltalake import DeltaTable

from command import Command, Result, parse_days
from features.pins import PIN_RETENTION, Pins, load_pins, release_expired
from features.snapshot.index_row import INDEX, name_rows
from features.snapshot.tables import TABLES, list_snapshots
from features.snapshot.workspace import delete_abandoned
from features.store import LONGEST_RETENTION, TABLE_CONFIGURATION, MLStore
from features.store_failures import StoreError
from features.sync.destination.versioned_table import VersionedTable
from features.sync.lease import Lease, LeaseTakenError, hold_lease
from features.sync.source.columns import SYNCED_TABLES, SyncedTable
from settings import load_settings

logger = logging.getLogger(__name__)

RETENTION = timedelta(days=30)
SNAPSHOT_RETENTION = timedelta(days=90)
REBUILD_RETENTION = timedelta(days=2)
MAX_OWN_FILES = 20


@dataclass
class MaintenanceReport:
    """What was done.

    Attributes:
        compacted: by table, how many files became fewer and larger ones.
        released_pins: owners of pins that nobody renewed for long.
        dropped_snapshots: instants whose snapshot is gone.
        dropped_rebuilds: rebuilds that workers began and nobody finished.
        deleted_files: by table, how many files were deleted.
    """

    compacted: dict[str, int] = field(default_factory=dict)
    released_pins: list[str] = field(default_factory=list)
    dropped_snapshots: list[str] = field(default_factory=list)
    dropped_rebuilds: list[str] = field(default_factory=list)
    deleted_files: dict[str, int] = field(default_factory=dict)


def maintain_store(
    store: MLStore, *, retention: timedelta = RETENTION, snapshot_retention: timedelta = SNAPSHOT_RETENTION
) -> MaintenanceReport:
    """Compact, drop old snapshots, delete what nobody needs. No row that can be read before is lost.

    Args:
        store: the ML store.
        retention: versions of the tables younger than this stay readable; at most `LONGEST_RETENTION`.
        snapshot_retention: snapshots of instants younger than this stay.

    Raises:
        LeaseTakenError: a sync is at work; nothing was done.
        StoreError: the store cannot be read or written.
    """
    report = MaintenanceReport()
    with store.explained(), hold_lease(store) as lease:
        report.released_pins = release_expired(store, datetime.now(UTC) - PIN_RETENTION)
        pins = load_pins(store)
        for table in SYNCED_TABLES:
            if store.exists(table.name) and (num_files := _compact(store, table, lease)):
                report.compacted[table.name] = num_files
        for name in store.tables():
            if name.startswith("_"):
                _compact_own(store, name)
            else:
                _configure(store, name)
        report.dropped_snapshots = _drop_snapshots(store, datetime.now(UTC) - snapshot_retention, pins)
        report.dropped_rebuilds = delete_abandoned(store, datetime.now(UTC) - REBUILD_RETENTION)
        for name in store.tables():
            lease.renew()
            if num_files := _vacuum(store, name, retention, pins):
                report.deleted_files[name] = num_files
    return report


def _compact(store: MLStore, table: SyncedTable, lease: Lease) -> int:
    """Write a table's rows into full files by key; its watermark goes along."""
    target = VersionedTable(store, table)
    num_files = target.stage_compaction()
    if num_files:
        target.write_files()
        lease.require()
        target.commit(store.metadata(table.name), lease.number)
        logger.info("table compacted table=%s files_before=%d", table.name, num_files)
    return num_files


def _compact_own(store: MLStore, name: str) -> None:
    """Join the many one-row files of a table of the store's own."""
    table = store.open(name)
    if len(table.file_uris()) > MAX_OWN_FILES:
        table.optimize.compact()


def _configure(store: MLStore, name: str) -> None:
    """Give a table that earlier code made the properties that tables have now."""
    table = store.open(name)
    if not TABLE_CONFIGURATION.items() <= table.metadata().configuration.items():
        table.alter.set_table_properties(TABLE_CONFIGURATION)


def _drop_snapshots(store: MLStore, before: datetime, pins: Pins) -> list[str]:
    """Delete old snapshots, the index first, and rows that it names no more since a while."""
    index = list_snapshots(store)
    instants = sorted(index["as_of"], key=datetime.fromisoformat)
    old = [one for one in instants[:-1] if datetime.fromisoformat(one) < before and one not in pins.as_ofs]
    if old:
        store.open(INDEX).delete(_name_partitions(old))
        logger.info("snapshots dropped as_of=%s", ",".join(old))
    rows_of = {row["as_of"]: name_rows(row) for row in index.iter_rows(named=True)}
    dropped, kept = {rows_of[one] for one in old}, {rows for one, rows in rows_of.items() if one not in old}
    for name in (f"snapshot_{table}" for table in TABLES if store.exists(f"snapshot_{table}")):
        table = store.open(name)
        gone = sorted((dropped | _list_partitions(table, datetime.now(UTC) - REBUILD_RETENTION)) - kept)
        if gone:
            table.delete(_name_partitions(gone))
    return old


def _list_partitions(table: DeltaTable, before: datetime) -> set[str]:
    """Name the partitions of a table of snapshots into which nothing was written since an instant."""
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if actions.is_empty():
        return set()
    written = actions.group_by("partition.as_of").agg(pl.col("modification_time").max())
    return {*written.filter(pl.col("modification_time") < before.timestamp() * 1000)["partition.as_of"]}


def _name_partitions(names: Sequence[str]) -> str:
    return f"as_of IN ({', '.join(map(repr, names))})"


def _vacuum(store: MLStore, name: str, retention: timedelta, pins: Pins) -> int:
    """Delete the files of a table that no kept version names; only commits when there are any."""
    table = store.open(name)
    keep = sorted(version for version in pins.versions.get(name, frozenset()) if version <= table.version())
    hours = int(retention.total_seconds() // 3600)

    def run(*, dry_run: bool) -> list[str]:
        return list(
            table.vacuum(
                retention_hours=hours,
                dry_run=dry_run,
                enforce_retention_duration=False,
                full=True,
                keep_versions=keep or None,
            )
        )

    return len(run(dry_run=False)) if run(dry_run=True) else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring.

    Returns:
        0, also when a sync is at work and nothing was done; 1 on an error, in one line.
    """
    command = Command("features.maintain", __doc__, has_json=True, has_logs=True)
    command.add_argument(
        "--retention-days", type=parse_days, default=RETENTION, metavar="DAYS", help="age of readable versions"
    )
    command.add_argument(
        "--snapshot-days", type=parse_days, default=SNAPSHOT_RETENTION, metavar="DAYS", help="age of kept snapshots"
    )
    return command.run(_maintain, arguments, (StoreError,))


def _maintain(options: argparse.Namespace) -> Result:
    if options.retention_days > LONGEST_RETENTION:
        raise argparse.ArgumentError(None, f"--retention-days is at most {LONGEST_RETENTION.days}")
    store = MLStore.of(load_settings())
    try:
        report = maintain_store(store, retention=options.retention_days, snapshot_retention=options.snapshot_days)
    except LeaseTakenError as busy:
        return Result(str(busy), {"state": "busy", "reason": str(busy)})
    done = asdict(report)
    logger.info("store maintained %s", " ".join(f"{name}={value}" for name, value in done.items()))
    return Result(report={"state": "maintained", **done})


if __name__ == "__main__":
    sys.exit(main())
