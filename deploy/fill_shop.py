"""Bring the shop's database to the newest schema and fill it if it is empty: `python -m deploy.fill_shop LOADER ...`.

The arguments are those of `python -m shop.load`. A shop that has orders is never touched.
"""

import argparse
import os
import sys

from sqlalchemy import exists, select

from command import Command, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine, session_scope
from shop.migrate import migrate
from shop.tables import Order


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
