"""Bring the shop's database to the newest schema and fill it if it is empty: `python -m deploy.fill_shop LOADER ...`.

The arguments are those of `python -m shop.load`. A shop that has orders is never touched.
"""

import os
import sys

from sqlalchemy import exists, select

from settings import load_settings
from shop.database import open_engine, session_scope
from shop.migrate import migrate
from shop.tables import Order


def main() -> None:
    """Migrate, look, and become the loader if there is something to load."""
    engine = open_engine(load_settings().shop_database_url)
    migrate(engine)
    with session_scope(engine) as session:
        has_orders = session.scalar(select(exists().where(Order.order_id.is_not(None))))
    engine.dispose()
    if has_orders:
        sys.stdout.write("filled already\n")
        return
    os.execv(sys.executable, [sys.executable, "-m", "shop.load", *sys.argv[1:]])


if __name__ == "__main__":
    main()
