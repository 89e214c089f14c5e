"""Hop 1, shop database to ML store: `python -m features.sync [--full] [--verify] [--json]`.

A run takes the store's lease, opens one snapshot of each database, checks the columns, collects the differences of
every table, checks them, and only then commits table by table, parents first. docs/how-it-works/sync.md says how it
proves its result.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError

from command import Command, CommandError, Result
from features.store import MLStore
from features.store_failures import StoreError
from features.sync.destination.key_set import ParentKeys
from features.sync.destination.versioned_table import VersionedTable
from features.sync.known_sources import KnownSources
from features.sync.lease import Lease, LeaseTakenError, hold_lease
from features.sync.mass_delete_guard import holds_other_rows, require_plausible
from features.sync.report import SyncReport, TableReport, record_run
from features.sync.source.columns import PARENTS, SYNCED_TABLES
from features.sync.source.copied_shop import copy_shop
from features.sync.source.databases import list_databases, open_snapshots
from features.sync.source.reader import ShopSnapshot
from features.sync.source.retries import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    RefusedError,
    UnreachableError,
    retry_while_unreachable,
)
from features.sync.source.schema import require_columns
from features.sync.source.session import SourceError
from features.sync.store_repair import repair_own_tables, repair_table, upgrade_table
from features.sync.sweep import load_places, save_places
from features.sync.table_sync import SyncOptions, TableSync
from features.sync.verify import verify_tables
from settings import Settings, load_settings
from shop.database import open_engine
from shop.mapping.model import MappingError, ShopMapping, load_mapping
from shop.migrate import PLATFORM, migrate
from shop.money import Currency

COPY_TIMEOUT_SECONDS = 120.0
"""Longest wait for an answer where a shop is copied: a SELECT of its mapping may group a whole table."""

logger = logging.getLogger(__name__)


def sync_shop(
    engine: Engine,
    store: MLStore,
    *,
    platform: Engine | None = None,
    mapping: ShopMapping | None = None,
    currency: Currency | None = None,
    full: bool = False,
    verify: bool = False,
    options: SyncOptions | None = None,
    at_step: Callable[[str], None] = logger.debug,
) -> SyncReport:
    """Make the store equal to one snapshot of the shop.

    Args:
        engine: the shop's database; the account needs SELECT alone.
        store: the ML store; its tables are made by the first run.
        platform: the platform's database, from which its own tables (events) are read; `None` where it is the shop's.
        mapping: what the shop's tables mean; the canonical ones if not given. Tables that are read in another way than
            by the run before are compared row by row.
        currency: of the shop's prices, whose smallest unit amounts are rounded to; as they are if not given.
        full: compare every row, whatever its `updated_at` says.
        verify: afterwards compare checksums of all columns by key range, and repair what differs.
        options: how carefully to look.
        at_step: called with the name of each step that is about to begin.

    Returns:
        What was found and done, also stored as a row of the table `_sync_runs`.

    Raises:
        LeaseTakenError: another run is at work; nothing was read or written.
        MassDisappearanceError: see there; `SyncOptions.max_gone_share` decides.
        AnotherShopError: see there; `SyncOptions.max_recreated_share` and `max_contradicting_share` decide.
        SourceError: the shop's columns changed, or a value cannot cross exactly; nothing was written.
        UnreachableError: the shop did not answer for long enough; the next run starts where this one did.
        RefusedError: the shop refuses, and the message says what to do.
        StoreError: another run took over meanwhile, or the store cannot be read or written.
    """
    options, databases = options or SyncOptions(), list_databases(engine, platform, mapping or load_mapping(), currency)
    with store.explained(), ExitStack() as stack:
        started_at = datetime.now(UTC)
        repaired = repair_own_tables(store) if verify else []
        lease = stack.enter_context(hold_lease(store))

        def run(heard: Callable[[], None]) -> SyncReport:
            with open_snapshots(databases, heard) as snapshots:
                at_step("check columns")
                warnings = []
                for one in databases:
                    warnings += require_columns(snapshots[one.role].session.connection, one.mapping)
                readers = {name: snapshots[one.role] for one in databases for name in one.tables}
                return _sync_tables(readers, store, lease, warnings, full, verify, options, at_step)

        report = retry_while_unreachable([one.engine for one in databases], run)
        seconds = (datetime.now(UTC) - started_at).total_seconds()
        newest = _find_newest_order(store, report.bound)
        report = replace(report, newest_order=newest, seconds=seconds, warnings=[*repaired, *report.warnings])
        record_run(store, report, started_at)
        return report


def _find_newest_order(store: MLStore, bound: datetime) -> datetime | None:
    """Find when the newest order was placed; one that is dated after the shop's own clock does not count."""
    ordered_at = pl.col("ordered_at")
    newest = store.scan("orders").filter(ordered_at <= bound).select(ordered_at.max()).collect().item()
    return newest if isinstance(newest, datetime) else None


def _sync_tables(
    readers: Mapping[str, ShopSnapshot],
    store: MLStore,
    lease: Lease,
    warnings: list[str],
    full: bool,
    verify: bool,
    options: SyncOptions,
    at_step: Callable[[str], None],
) -> SyncReport:
    targets: list[VersionedTable] = []
    for table in SYNCED_TABLES:
        target, found = (repair_table if verify else upgrade_table)(store, table, lease)
        targets.append(target)
        warnings += found
    snapshots = {snapshot.role: snapshot for snapshot in readers.values()}
    sources, places = KnownSources(store, snapshots.values()), load_places(store)
    moves = {role: sources.find_move(role) for role in snapshots}
    syncs: list[TableSync] = []
    parent_keys: dict[str, ParentKeys] = {}
    for target in targets:
        name = target.table.name
        at_step(f"collect {name}")
        sync = TableSync(readers[name], target, parent_keys, options, lease, swept_until=places.get(name))
        sync.collect(full=full or moves[sync.snapshot.role] is not None)
        syncs.append(sync)
        if name in PARENTS:
            parent_keys[name] = sync.visible_keys()
        logger.info("table collected table=%s %s", name, sync.counts.describe_changes())
    of_role = {role: [sync for sync in syncs if sync.snapshot.role == role] for role in snapshots}
    for role, move in moves.items():
        require_plausible(of_role[role], move)

    tables = {sync.table.name: _commit(sync, at_step) for sync in syncs}
    lease.require()  # the store's own tables are not fenced
    warnings += [warning for sync in syncs for warning in warn_of_rows(sync)]
    warnings += [f"{move}; all rows were compared, and it is known from now on" for move in moves.values() if move]
    sources.add(forget_others=any(move and holds_other_rows(of_role[role]) for role, move in moves.items()))
    swept = {sync.table.name: sync.swept_until for sync in syncs if sync.swept_until is not None}
    if swept != places:
        save_places(store, swept)
    at_step("committed")
    verdict = verify_tables(store, syncs, lease, at_step) if verify else None
    return SyncReport(lease.number, snapshots["shop"].bound, tables, warnings, verdict)


def _commit(sync: TableSync, at_step: Callable[[str], None]) -> TableReport:
    """Write and commit what was collected of a table."""
    at_step(f"write {sync.table.name}")
    sync.target.write_files()
    at_step(f"commit {sync.table.name}")
    if sync.must_commit:
        sync.lease.require()
    sync.snapshot.session.keep_alive()
    return TableReport(sync.counts, sync.commit(), sync.watermark)


def warn_of_rows(sync: TableSync) -> list[str]:
    """Name the rows that are set aside, and say that rows seem to be stamped in another zone than UTC."""
    warnings = [
        f"{sync.table.name} has a row that cannot be read and is set aside: {sync.table.key} {key}, {reason}"
        for key, reason in sync.set_aside.items()
    ]
    if sync.counts.num_ahead:
        warnings.append(
            f"{sync.table.name} has {sync.counts.num_ahead} rows that were changed up to 14 hours from now: its "
            "DATETIME columns must hold UTC, so let the shop's sessions run in time_zone '+00:00'"
        )
    return warnings


def main(arguments: list[str] | None = None) -> int:
    """Run one sync from the command line.

    Returns:
        0 when the store equals the shop, or another run is at work; 1 on an error, in one line; 2 when another run
        would not help: the shop refuses, or a difference stayed after the repair.
    """
    command = Command("features.sync", "Bring the ML store up to the shop.", has_json=True, has_logs=True)
    command.add_argument("--full", action="store_true", help="compare every row, whatever its updated_at says")
    command.add_argument("--verify", action="store_true", help="compare checksums by key range and repair what differs")
    command.add_argument("--accept-deletes", action="store_true", help="close rows even if very many have gone")
    command.add_argument("--accept-source", action="store_true", help="follow a shop with other rows than before")
    return command.run(
        _sync, arguments, {RefusedError: 2, StoreError: 1, SourceError: 1, UnreachableError: 1, MappingError: 2}
    )


def _open(setting: str, url: str) -> Engine:
    try:
        return open_engine(
            url,
            read_only=True,
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
        )
    except (ValueError, ArgumentError) as err:
        raise CommandError(f"{setting} cannot be used: {err}", code=2) from err


def _open_platform(url: str) -> Engine:
    """Open the platform's database; a file that nothing has been published into yet is made."""
    engine = _open("PLATFORM_DATABASE_URL", url)
    if engine.dialect.name == "sqlite" and not Path(str(make_url(url).database)).exists():
        migrate(url, PLATFORM)
    return engine


def _copy(settings: Settings, mapping: ShopMapping, *, full: bool, accepts_deletions: bool) -> list[str]:
    """Bring the copy up to a shop with ids of text; returns warnings of rows that it lacks."""
    try:
        url = settings.catalogue_database_url
    except ValueError as err:
        raise CommandError(str(err), code=2) from err
    with ExitStack() as stack:
        shop = open_engine(settings.shop_database_url, read_only=True, read_timeout_seconds=COPY_TIMEOUT_SECONDS)
        platform = open_engine(url)
        for engine in (shop, platform):
            stack.callback(engine.dispose)
        currency = Currency(settings.currency)
        return copy_shop(shop, platform, mapping, currency, full=full, accepts_deletions=accepts_deletions)


def _sync(options: argparse.Namespace) -> Result:
    settings = load_settings()
    engine, platform = _open("SHOP_DATABASE_URL", settings.shop_database_url), None
    if settings.has_own_database:
        platform = _open_platform(settings.platform_database_url)
    mapping = load_mapping(settings.shop_mapping or None)
    if mapping.files:
        raise CommandError(
            "SHOP_MAPPING names a mapping of files: python -m shop.load directory DIR --mapping ... loads them into a "
            "database, which is synced without SHOP_MAPPING",
            code=2,
        )
    set_aside: list[str] = []
    currency = Currency(settings.currency) if settings.shop_mapping else None
    if mapping.has_text_ids:
        set_aside = _copy(settings, mapping, full=options.full, accepts_deletions=options.accept_deletes)
        engine, platform, mapping = _open_platform(settings.platform_database_url), None, load_mapping()
        currency = None  # the copy has rounded
    limits = SyncOptions()
    if options.accept_deletes:
        limits = replace(limits, max_gone_share=1.0)
    if options.accept_source:
        limits = replace(limits, max_recreated_share=1.0, max_contradicting_share=1.0)
    try:
        store = MLStore.of(settings)
        report = sync_shop(
            engine,
            store,
            platform=platform,
            mapping=mapping,
            currency=currency,
            full=options.full,
            verify=options.verify,
            options=limits,
        )
    except LeaseTakenError as busy:
        return Result(str(busy), {"state": "busy", "reason": str(busy)})
    report = replace(report, warnings=[*set_aside, *report.warnings])
    words = "\n".join([report.to_table(), *report.warnings])
    return Result(words, report.to_json(), code=0 if report.is_equal else 2)


if __name__ == "__main__":
    sys.exit(main())
