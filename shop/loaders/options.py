"""Command line of `python -m shop.load`. Standard library only: set-up checks `SHOP=` before anything is installed."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from command import Command

MAPPINGS_FOLDER = Path(__file__).parents[1] / "mapping" / "ready"
REQUIRED_FILES = ("users", "products", "orders", "order_items")
"""Tables that a folder without a mapping must have."""


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

    directory.add_argument(
        "--mapping",
        metavar="NAME",
        type=find_mapping,
        help="what the files mean, if they are not these: shopify-csv, woocommerce-csv, single-file or a TOML file",
    )

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


def find_mapping(text: str) -> str:
    """Check that a mapping is there: a file, or a ready one's name.

    Raises:
        argparse.ArgumentTypeError: it is neither; the ready ones are named.
    """
    ready = sorted(path.stem for path in MAPPINGS_FOLDER.glob("*.toml"))
    if text not in ready and not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no file, and none of {', '.join(ready)}")
    return text


def _parse_count(text: str) -> int:
    try:
        number = int(text.replace("_", ""))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few; give at least 1")
    return number
