"""Check a mapping against a shop: `python -m shop.map check [FILE] [--database URL | --files DIR]`."""

import argparse
import sys
from pathlib import Path

from sqlalchemy.exc import ArgumentError

from command import Command, CommandError, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, name_database, open_engine
from shop.loaders.exports.check import describe_export
from shop.loaders.exports.read import read_export
from shop.loaders.text_ids import TextIds
from shop.loaders.validation import InvalidShopError
from shop.mapping.check import check_shop
from shop.mapping.model import MappingError, load_mapping
from shop.money import Currency

READ_TIMEOUT_SECONDS = 60


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0 if a sync or a load can run, 1 if something forbids it, 2 if mapping, URL or folder cannot be
        used.
    """
    command = Command("shop.map", "Check what a mapping file says of a shop's tables against the shop.")
    actions = command.add_subparsers(dest="action", required=True, parser_class=argparse.ArgumentParser)
    check = actions.add_parser("check", help="count, sample and time what a sync would read; nothing is written")
    check.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the mapping, or a ready one's name (default: SHOP_MAPPING, or the demo's)",
    )
    places = check.add_mutually_exclusive_group()
    places.add_argument("--database", metavar="URL", help="the shop (default: SHOP_DATABASE_URL)")
    places.add_argument("--files", metavar="DIR", type=Path, help="the folder, of a mapping that reads files")
    return command.run(_check, arguments, {MappingError: 2, ShopFailedError: 1, InvalidShopError: 2})


def _check(options: argparse.Namespace) -> Result:
    settings = load_settings()
    mapping = load_mapping(options.file or settings.shop_mapping or None)
    if options.files is not None:
        export = read_export(options.files, mapping, TextIds(), Currency(settings.currency).decimals)
        return Result(f"{options.files}\n{describe_export(export, mapping)}", code=1 if export.faults else 0)
    if mapping.files:
        raise CommandError("this mapping reads files: name their folder with --files DIR", code=2)
    try:
        engine = open_engine(
            options.database or settings.shop_database_url, read_only=True, read_timeout_seconds=READ_TIMEOUT_SECONDS
        )
    except (ValueError, ArgumentError) as err:
        raise CommandError(f"the shop's URL cannot be used: {err}", code=2) from err
    with engine_scope(engine), engine.connect() as connection:
        report = check_shop(connection, mapping, Currency(settings.currency))
    return Result(f"{name_database(engine)}\n{report.to_text()}", code=0 if report.is_usable else 1)


if __name__ == "__main__":
    sys.exit(main())
