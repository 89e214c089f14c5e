"""Bring the shop's database to the newest schema and fill it if it is empty: `python -m deploy.fill_shop LOADER ...`.

The arguments are those of `python -m shop.load`. A shop that has orders is never touched.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence

from sqlalchemy import exists, select

from command import Command, Result
from deploy.interpreter import SetupError
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine, session_scope
from shop.load import make_command
from shop.migrate import migrate
from shop.tables import Order

SHOP_HELP = "Give demo, 'directory DIR' or 'synthetic --users N --products N --orders N'; see docs/loading.md."


def check_shop(shop: Sequence[str]) -> None:
    """Check what shall fill an empty shop, as far as it can be seen before anything is started.

    Raises:
        SetupError: `python -m shop.load` would not take it.
    """
    words = io.StringIO()
    try:
        with contextlib.redirect_stderr(words):
            options = make_command().parse_args(shop)
    except SystemExit:
        reason = words.getvalue().strip().splitlines()[-1].partition("error: ")[2]
        raise SetupError(f'SHOP="{" ".join(shop)}" cannot be loaded: {reason}. {SHOP_HELP}') from None
    if options.source == "directory" and not options.folder.is_dir():
        raise SetupError(f'SHOP="{" ".join(shop)}" cannot be loaded: there is no folder {options.folder}. {SHOP_HELP}')


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("deploy.fill_shop", __doc__)
    command.add_argument("loader", nargs=argparse.REMAINDER, help="as for `python -m shop.load`")
    return command.run(_fill, arguments, (ShopFailedError,))


def _fill(options: argparse.Namespace) -> Result:
    """Migrate, look, and become the loader if there is something to load."""
    with engine_scope(open_engine(load_settings().shop_database_url)) as engine:
        migrate(engine)
        with session_scope(engine) as session:
            has_orders = session.scalar(select(exists().where(Order.order_id.is_not(None))))
    if not has_orders:
        os.execv(sys.executable, [sys.executable, "-m", "shop.load", *options.loader])
    return Result("filled already")


if __name__ == "__main__":
    sys.exit(main())
