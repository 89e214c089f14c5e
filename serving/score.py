"""Score every user with the champion and publish the lists to the platform's database.

    python -m serving.score [--as-of T] [--version V] [--json]

Workers share the users, each with some of the buckets (`3-7`, or `2/4`, the second of four parts); what they wrote is
published by a last run, which writes what they left, or with `--finish` refuses to.

    python -m serving.score --buckets 1/2
    python -m serving.score --buckets 2/2
    python -m serving.score --finish

Exit codes: 0 published, 1 failed (the last good lists stay), 2 trying again would not help: wrong arguments, a version
that must not serve, lists that the audit refuses, a lost alias, or a database that refuses; 3 there is no champion yet.
"""

import argparse
import logging
import sys
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from command import Command, CommandError, Result, parse_instant
from features.snapshot.buckets import NoSuchBucketError, parse_buckets
from features.snapshot.tables import Snapshot, find_newest
from features.store import MLStore
from features.store_failures import StoreError
from serving.batch.batch_state import (
    AliasMovedError,
    AuditError,
    BatchEndedError,
    OvertakenError,
    PublicationError,
)
from serving.batch.job import ANY_BUCKET, Publication, Scoring, WrittenBuckets, publish_scores, write_buckets
from serving.champion import BarredVersionError, load_ranker, require_permission
from settings import Settings, load_settings
from shop.database import open_engine
from shop.failures import describe, find_remedy
from shop.tables import name_pointer
from training.registry.alias import describe_no_champion
from training.registry.audit_log import find_lost_champion
from training.registry.client import CHAMPION, Registry, connect
from training.registry.errors import RegistryError
from training.registry.installation import read_installation
from training.version.files import ArtefactError

UNFIT, NO_CHAMPION = 2, 3
ATTEMPTS = 5

logger = logging.getLogger(__name__)


class NoChampionError(Exception):
    """No version carries the alias yet."""


class LostChampionError(Exception):
    """The alias was taken away, or its version deleted."""


def score(settings: Settings, options: argparse.Namespace) -> Publication:
    """Rank and publish with one version, and again where the alias has moved on meanwhile.

    Raises:
        NoChampionError: neither `--version` nor the alias names a version.
        LostChampionError: the alias named one and does not any more.
        BarredVersionError: the gate refused the version, and nobody overrode it.
        PublicationError: the audit refused the lists, newer ones are shown, or the alias kept moving.
    """
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    registry.require_own(read_installation(settings.var_dir))
    for _ in range(ATTEMPTS):
        version = options.version or _resolve_champion(settings, registry)
        scoring = _prepare(settings, registry, version, options.as_of)
        if options.version is None:
            scoring = replace(scoring, is_wanted=partial(_is_still_champion, registry, version))
        try:
            alias = CHAMPION if options.version is None else None
            publication = publish_scores(scoring, alias, logger.info, may_write=not options.finish)
        except OvertakenError as err:
            if err.as_of > scoring.as_of:
                raise
            logger.info("publishing again reason=%s", err)  # kept lists were shown meanwhile; this batch is complete
            continue
        except (AliasMovedError, BatchEndedError) as err:
            logger.info("scoring again reason=%s", err)
            continue
        is_newest = options.as_of or find_newest(scoring.store) == (scoring.as_of, scoring.snapshot_id)
        if scoring.is_wanted() and is_newest:
            return publication
        logger.info("scoring again reason=the alias moved on from version %s, or there is a newer snapshot", version)
    raise PublicationError(f"alias or snapshot changed {ATTEMPTS} times while users were scored; the last lists stay.")


def score_buckets(settings: Settings, options: argparse.Namespace) -> WrittenBuckets:
    """Rank for the users of some buckets and write their lists, for a later run to publish; those compared too.

    Raises:
        AliasMovedError: the alias names another version by now; whoever scores with that begins anew.
        NoSuchBucketError: a bucket is named that the snapshot has not.
        NoChampionError: as `score`; LostChampionError, BarredVersionError and PublicationError too.
    """
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    registry.require_own(read_installation(settings.var_dir))
    version = options.version or _resolve_champion(settings, registry)
    scoring = _prepare(settings, registry, version, options.as_of)
    alias = None
    if options.version is None:
        alias, scoring = CHAMPION, replace(scoring, is_wanted=partial(_is_still_champion, registry, version))
    written = write_buckets(scoring, alias, options.buckets, logger.info)
    compared = _prepare_compared(settings, options)
    if compared is not None:
        write_buckets(compared, settings.compared_alias, options.buckets, logger.info)
    return written


def _resolve_champion(settings: Settings, registry: Registry) -> int:
    version = registry.resolve_alias(CHAMPION)
    if version is not None:
        return version
    engine = open_engine(settings.platform_database_url)
    lost = find_lost_champion(engine)
    engine.dispose()
    said = describe_no_champion(settings.model_name, lost)
    if lost is not None:
        raise LostChampionError(f"{said}.")
    raise NoChampionError(f"{said}: run `python -m training.run` first, or name a version with --version.")


def _is_still_champion(registry: Registry, version: int) -> bool:
    """Ask for the alias; while MLflow does not answer, it has not moved."""
    try:
        return registry.resolve_alias(CHAMPION) == version
    except RegistryError:
        return True


def score_compared(settings: Settings, options: argparse.Namespace) -> Publication | None:
    """Publish the lists of the alias that is compared with the champion, beside the champion's.

    Returns:
        What was published; `None` when nothing is compared, or the alias names no version that may serve.
    """
    scoring = _prepare_compared(settings, options)
    if scoring is None:
        return None
    alias = settings.compared_alias
    return publish_scores(scoring, alias, logger.info, name_pointer(alias), may_write=not options.finish)


def _prepare_compared(settings: Settings, options: argparse.Namespace) -> Scoring | None:
    alias = settings.compared_alias
    if not alias or options.version is not None:
        return None
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    version = registry.resolve_alias(alias)
    if version is None:
        logger.warning("nothing to compare: no version carries the alias %r", alias)
        return None
    try:
        return _prepare(settings, registry, version, options.as_of)
    except BarredVersionError as err:
        logger.warning("nothing to compare: %s", err)
        return None


def _prepare(settings: Settings, registry: Registry, version: int, as_of: datetime | None) -> Scoring:
    """Make a version ready to score all users of a snapshot."""
    require_permission(registry, version)
    store = MLStore.of(settings)
    ranker = load_ranker(registry, settings.var_dir / "models", version)
    snapshot = Snapshot.open(store, as_of, bucket=ANY_BUCKET)
    ranker.check_snapshot(snapshot)
    engine = open_engine(settings.platform_database_url)
    return Scoring(version, ranker, store, snapshot.as_of, snapshot.snapshot_id, engine)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code; see the module's docstring.
    """
    command = Command("serving.score", __doc__, has_json=True, has_logs=True)
    command.add_argument("--as-of", type=parse_instant, help="instant of the snapshot, UTC; the newest if not given")
    command.add_argument("--version", type=int, help="version in MLflow; the champion if not given")
    share = command.add_mutually_exclusive_group()
    share.add_argument("--buckets", type=parse_buckets, help="write these alone and publish nothing: 3, 3-7, 2/4")
    share.add_argument(
        "--finish", action="store_true", help="publish what --buckets wrote; what is missing is an error"
    )
    codes: dict[type[Exception], int] = {NoChampionError: NO_CHAMPION}
    unfit = (BarredVersionError, LostChampionError, ArtefactError, AuditError, NoSuchBucketError)
    codes |= dict.fromkeys(unfit, UNFIT)
    failures = (AliasMovedError, PublicationError, RegistryError, StoreError)
    return command.run(_score, arguments, codes | dict.fromkeys(failures, 1))


def _score(options: argparse.Namespace) -> Result:
    settings = load_settings()
    try:
        if options.buckets is not None:
            return _write_share(settings, options)
        publication = score(settings, options)
        compared = score_compared(settings, options)
    except SQLAlchemyError as err:
        reason = f"the last good lists stay, the platform's database failed: {describe(err)}"
        raise CommandError(reason, 1 if find_remedy(err) is None else UNFIT) from err
    logger.info("published batch_id=%s seconds=%s", publication.batch_id, publication.seconds)
    summary = asdict(publication) | {"as_of": publication.as_of.isoformat()}
    return Result(report=summary | {"compared_batch_id": compared and compared.batch_id})


def _write_share(settings: Settings, options: argparse.Namespace) -> Result:
    written = score_buckets(settings, options)
    logger.info("written batch_id=%s buckets=%s seconds=%s", written.batch_id, written.buckets, written.seconds)
    return Result(report=asdict(written) | {"as_of": written.as_of.isoformat()})


if __name__ == "__main__":
    sys.exit(main())
