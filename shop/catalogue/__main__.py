"""Copy what pages read of the shop into the platform's database: `python -m shop.catalogue`.

Once, comparing everything; with `--keep` again and again, every CATALOGUE_SECONDS, what changed.
"""

import argparse
import logging
import signal
import sys
import time

from sqlalchemy.exc import SQLAlchemyError

from command import Command, CommandError, Result, say
from settings import load_settings
from shop.catalogue.copier import CatalogueCopier, MassDeletionError, Round
from shop.catalogue.lock import CopyIsBusyError
from shop.catalogue.source import ShopSource
from shop.database import ShopFailedError, engine_scope, open_engine
from shop.failures import describe
from shop.mapping.id_map import IdMap
from shop.mapping.model import MappingError, load_mapping
from shop.money import Currency

READ_TIMEOUT_SECONDS = 120
NOTHING = "pages read the shop itself (CATALOGUE): nothing is copied"
logger = logging.getLogger("shop.catalogue")


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    command = Command("shop.catalogue", __doc__, failed="the copy stays as it is", has_logs=True)
    command.add_argument("--keep", action="store_true", help="go on every CATALOGUE_SECONDS, until it is ended")
    command.add_argument(
        "--accept-deletions", action="store_true", help="follow a shop that lacks most of what it had; once"
    )
    return command.run(_copy, arguments, (ShopFailedError, MappingError, MassDeletionError, CopyIsBusyError))


def _copy(options: argparse.Namespace) -> Result:
    settings = load_settings()
    if not settings.has_copied_catalogue:
        if options.keep:
            say(NOTHING)
            signal.pause()
        return Result(NOTHING)
    mapping = load_mapping(settings.shop_mapping or None)
    if mapping.files:
        raise CommandError("SHOP_MAPPING names a mapping of files, which are loaded into a database: see shop.load")
    try:
        url = settings.catalogue_database_url
    except ValueError as err:
        raise CommandError(str(err)) from err
    with (
        engine_scope(
            open_engine(settings.shop_database_url, read_only=True, read_timeout_seconds=READ_TIMEOUT_SECONDS)
        ) as shop,
        engine_scope(open_engine(url)) as platform,
    ):
        source = ShopSource(shop, mapping, IdMap(platform), Currency(settings.currency))
        copier = CatalogueCopier(source, platform, accepts_deletions=options.accept_deletions)
        if options.keep:
            _keep(copier, settings.catalogue_seconds)
        return Result("\n".join(map(str, copier.run_round())))


def _keep(copier: CatalogueCopier, pause_seconds: float) -> None:
    """Copy until the process is ended; a round that fails is told, and the next one goes on where it ended."""
    while True:
        began = time.monotonic()
        try:
            reports = copier.run_round(Round.SHORT)
            if any(report.num_written or report.num_deleted for report in reports):
                logger.info("catalogue copied %s", "; ".join(map(str, reports)))
        except (MassDeletionError, CopyIsBusyError) as err:
            logger.error("catalogue not copied reason=%r", str(err))
        except SQLAlchemyError as err:
            logger.warning("catalogue not copied cause=%r", describe(err))
        time.sleep(max(0.0, pause_seconds - (time.monotonic() - began)))


if __name__ == "__main__":
    sys.exit(main())
