"""Check a mapping against a shop: `python -m shop.map check [FILE] [--database URL]`."""

import argparse
import sys

from sqlalchemy.exc import ArgumentError

from command import Command, CommandError, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, name_database, open_engine
from shop.mapping.check import check_shop
from shop.mapping.model import MappingError, load_mapping

READ_TIMEOUT_SECONDS = 60


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0 if a sync can run, 1 if something forbids it, 2 if the mapping or the URL cannot be used.
    """
    command = Command("shop.map", "Check what a mapping file says of a shop's tables against the shop.")
    actions = command.add_subparsers(dest="action", required=True, parser_class=argparse.ArgumentParser)
    check = actions.add_parser("check", help="count, sample and time what a sync would read; nothing is written")
    check.add_argument("file", nargs="?", metavar="FILE", help="the mapping (default: SHOP_MAPPING, or the demo's)")
    check.add_argument("--database", metavar="URL", help="the shop (default: SHOP_DATABASE_URL)")
    return command.run(_check, arguments, {MappingError: 2, ShopFailedError: 1})


def _check(options: argparse.Namespace) -> Result:
    settings = load_settings()
    mapping = load_mapping(options.file or settings.shop_mapping or None)
    try:
        engine = open_engine(
            options.database or settings.shop_database_url, read_only=True, read_timeout_seconds=READ_TIMEOUT_SECONDS
        )
    except (ValueError, ArgumentError) as err:
        raise CommandError(f"the shop's URL cannot be used: {err}", code=2) from err
    with engine_scope(engine), engine.connect() as connection:
        report = check_shop(connection, mapping)
    return Result(f"{name_database(engine)}\n{report.to_text()}", code=0 if report.is_usable else 1)


if __name__ == "__main__":
    sys.exit(main())
