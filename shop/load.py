"""Load a shop: `python -m shop.load demo | directory DIR | synthetic --users N --products N --orders N`."""

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from command import Command, Result, say
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, name_database, open_engine
from shop.loaders.demo.build import build_demo_shop, find_yesterday
from shop.loaders.directory import build_directory_shop
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.validation import InvalidShopError
from shop.loaders.writing import RowBatch, ShopNotEmptyError, refuse_non_empty, write_shop
from shop.money import Currency

READ_TIMEOUT_SECONDS = 600


def make_command() -> Command:
    """Describe the command line."""
    command = Command("shop.load", "Load a shop into SHOP_DATABASE_URL.", failed="nothing loaded")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--replace", action="store_true", help="load over a shop that has rows; they are deleted")
    sources = command.add_subparsers(
        dest="source", required=True, metavar="{demo,directory,synthetic}", parser_class=argparse.ArgumentParser
    )

    demo = sources.add_parser("demo", parents=[common], help="the real demo shop: a year of a grocer's purchases")
    dates = demo.add_mutually_exclusive_group()
    dates.add_argument(
        "--end-date",
        type=_parse_date,
        metavar="YYYY-MM-DD",
        help="move the dates by whole weeks so that the last day is this one (default: yesterday)",
    )
    dates.add_argument("--original-dates", action="store_true", help="leave the dates in 2017, as they are")

    directory = sources.add_parser("directory", parents=[common], help="a folder of parquet or CSV files")
    directory.add_argument("folder", type=Path, metavar="DIR", help="holds users, products, orders, order_items, ...")

    synthetic = sources.add_parser("synthetic", parents=[common], help="a generated shop of any size")
    synthetic.add_argument("--users", type=_parse_count, required=True, metavar="N")
    synthetic.add_argument("--products", type=_parse_count, required=True, metavar="N")
    synthetic.add_argument("--orders", type=_parse_count, required=True, metavar="N")
    synthetic.add_argument("--seed", type=int, default=0, metavar="S", help="same seed, same shop (default: 0)")
    synthetic.add_argument("--end-date", type=_parse_date, metavar="YYYY-MM-DD", help="last day (default: yesterday)")
    return command


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2026-01-31") from error


def _parse_count(text: str) -> int:
    try:
        number = int(text.replace("_", ""))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few; give at least 1")
    return number


def open_source(options: argparse.Namespace, decimals: int) -> Iterator[RowBatch]:
    """Choose the loader that the command line names."""
    if options.source == "demo":
        return build_demo_shop(None if options.original_dates else options.end_date or find_yesterday())
    if options.source == "directory":
        return build_directory_shop(options.folder, _report, decimals)
    shape = SyntheticShape(options.users, options.products, options.orders)
    return build_synthetic_shop(shape, options.seed, options.end_date or find_yesterday())


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    failures = (InvalidShopError, ShopNotEmptyError, FileNotFoundError, ShopFailedError)
    return make_command().run(_load, arguments, failures)


def _load(options: argparse.Namespace) -> Result:
    start = time.monotonic()
    settings = load_settings()
    url, decimals = settings.shop_database_url, Currency(settings.currency).decimals
    with engine_scope(open_engine(url, read_timeout_seconds=READ_TIMEOUT_SECONDS)) as engine:
        if not options.replace:
            refuse_non_empty(engine)
        source = open_source(options, decimals)
        num_rows = write_shop(engine, source, replace=options.replace, report=_report, decimals=decimals)
    seconds = time.monotonic() - start
    return Result(f"loaded {sum(num_rows.values()):,} rows into {name_database(engine)} in {seconds:.1f} s")


def _report(line: str) -> None:
    say(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
