"""Bring the shop's database to the newest schema: `python -m shop.migrate`."""

import argparse
import sys
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine

from command import Command, CommandError, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine
from shop.tables import Base

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"


def migrate(engine_or_url: Engine | str) -> str:
    """Upgrade to the newest revision; does nothing when the database already has it.

    Returns:
        The revision that the database has now.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached, or refuses the change.
    """
    engine = open_engine(engine_or_url) if isinstance(engine_or_url, str) else engine_or_url
    with engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        migrate_connection(connection)
        return str(MigrationContext.configure(connection).get_current_revision())


def migrate_connection(connection: Connection) -> None:
    """Upgrade within a transaction that the caller ends."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def list_differences(engine: Engine) -> list[str]:
    """Name what in the database differs from `shop.tables`; empty when they agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    command = Command("shop.migrate", __doc__)
    command.add_argument("--check", action="store_true", help="change nothing; fail if the schema is not the newest")
    return command.run(_migrate, arguments, (ShopFailedError,))


def _migrate(options: argparse.Namespace) -> Result:
    with engine_scope(open_engine(load_settings().shop_database_url)) as engine:
        if not options.check:
            return Result(f"the shop's schema is at revision {migrate(engine)}")
        if differences := list_differences(engine):
            raise CommandError(f"the schema is behind: {len(differences)} differences; run python -m shop.migrate")
    return Result()


if __name__ == "__main__":
    sys.exit(main())
