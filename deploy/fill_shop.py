"""Bring both databases to their newest schemas, fill an empty shop: `python -m deploy.fill_shop LOADER ...`.

The arguments are those of `python -m shop.load`. A shop that has orders is never touched, but for the platform's tables
of an older installation, which move to the platform's own database. Where somebody named the shop's database and not
the platform's, nothing moves until they say where to. A shop that a mapping reads (`SHOP_MAPPING`) is never touched.
"""

import argparse
import os
import sys

from sqlalchemy import Engine, exists, inspect, select

from command import Command, CommandError, Result, say
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine, session_scope
from shop.migrate import PLATFORM, migrate
from shop.split import SplitError, has_rows_to_move, move_text_ids, split_database
from shop.tables import Order


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("deploy.fill_shop", __doc__)
    command.add_argument("loader", nargs=argparse.REMAINDER, help="as for `python -m shop.load`")
    return command.run(_fill, arguments, (ShopFailedError, SplitError))


def _fill(options: argparse.Namespace) -> Result:
    """Migrate, look, and become the loader if there is something to load."""
    settings = load_settings()
    if settings.shop_mapping:
        with engine_scope(open_engine(settings.platform_database_url)) as platform:
            migrate(platform, PLATFORM)
        return Result(f"the shop's own database is read through {settings.shop_mapping}")
    with engine_scope(open_engine(settings.shop_owner_database_url)) as engine:
        migrate(engine)
        if settings.is_shop_named_alone and has_rows_to_move(engine):
            raise CommandError(
                f"the platform's tables lie in the shop's database still: `python -m shop.split` moves them to "
                f"{settings.platform_database_url}; for another place, set PLATFORM_DATABASE_URL first"
            )
        with engine_scope(open_engine(settings.platform_database_url)) as platform:
            migrate(platform, PLATFORM)
            if settings.has_own_database:
                split_database(engine, platform, say)
            move_text_ids(engine, platform)
        is_filled = has_orders(engine)
    if not is_filled:
        os.execv(sys.executable, [sys.executable, "-m", "shop.load", *options.loader])
    return Result("filled already")


def has_orders(engine: Engine) -> bool:
    """Return whether a database has the shop's tables, and orders in them."""
    if not inspect(engine).has_table(Order.__tablename__):
        return False
    with session_scope(engine) as session:
        return bool(session.scalar(select(exists().where(Order.order_id.is_not(None)))))


if __name__ == "__main__":
    sys.exit(main())
