"""Load a shop: `python -m shop.load demo | directory DIR | synthetic --users N --products N --orders N`."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack

from sqlalchemy import Engine

from command import CommandError, Result, say
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, name_database, open_engine
from shop.loaders.demo.build import DEMO_FOLDER, build_demo_shop, find_yesterday
from shop.loaders.directory import build_directory_shop
from shop.loaders.exports.read import build_export_shop
from shop.loaders.options import make_command
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.text_ids import TextIds, read_text_ids
from shop.loaders.validation import InvalidShopError
from shop.loaders.writing import RowBatch, ShopNotEmptyError, refuse_non_empty, write_shop
from shop.mapping.model import MappingError, load_mapping
from shop.money import Currency
from shop.split import migrate_both
from shop.storefront.config import InvalidStorefrontError, parse_storefront

READ_TIMEOUT_SECONDS = 600
STOREFRONT_FILE = "storefront.toml"


def open_source(options: argparse.Namespace, decimals: int, ids: TextIds | None) -> Iterator[RowBatch]:
    """Choose the loader that the command line names; `ids` gives the numbers of ids of text in files."""
    if options.source == "demo":
        return build_demo_shop(None if options.original_dates else options.end_date or find_yesterday())
    if ids is not None:
        return build_export_shop(options.folder, load_mapping(options.mapping), ids, _report, decimals)
    if options.source == "directory":
        return build_directory_shop(options.folder, _report, decimals)
    shape = SyntheticShape(options.users, options.products, options.orders)
    return build_synthetic_shop(shape, options.seed, options.end_date or find_yesterday())


def read_storefront(options: argparse.Namespace) -> str:
    """Read the document that comes with a shop; empty if none does.

    Raises:
        InvalidStorefrontError: it is no text, or breaks a rule that shows without the shop.
    """
    folder = {"demo": DEMO_FOLDER, "directory": getattr(options, "folder", None)}.get(options.source)
    if folder is None or not (path := folder / STOREFRONT_FILE).is_file():
        return ""
    try:
        document = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as err:
        raise InvalidStorefrontError(f"this is no UTF-8 text: {err}") from err
    parse_storefront(document)
    return document


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    failures = (InvalidShopError, MappingError, ShopNotEmptyError, FileNotFoundError, ShopFailedError)
    return make_command().run(_load, arguments, failures)


def _open(url: str) -> AbstractContextManager[Engine]:
    return engine_scope(open_engine(url, read_timeout_seconds=READ_TIMEOUT_SECONDS))


def _load(options: argparse.Namespace) -> Result:
    start = time.monotonic()
    settings = load_settings()
    decimals = Currency(settings.currency).decimals
    with ExitStack() as stack:
        engine, platform = stack.enter_context(_open(settings.shop_owner_database_url)), None
        if settings.has_own_database:
            platform = stack.enter_context(_open(settings.platform_database_url))
        if not options.replace:
            refuse_non_empty(engine, platform)
        migrate_both(engine, platform or engine)
        try:
            has_texts = options.source == "directory" and options.mapping
            ids = read_text_ids(platform or engine) if has_texts else None
            document, source = read_storefront(options), open_source(options, decimals, ids)
            num_rows = write_shop(
                engine,
                source,
                replace=options.replace,
                report=_report,
                decimals=decimals,
                storefront=document,
                platform=platform,
                ids=ids,
            )
        except InvalidStorefrontError as err:
            raise CommandError(f"{STOREFRONT_FILE}: {err}") from err
    seconds = time.monotonic() - start
    return Result(f"loaded {sum(num_rows.values()):,} rows into {name_database(engine)} in {seconds:.1f} s")


def _report(line: str) -> None:
    say(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
