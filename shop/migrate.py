"""Bring the shop's database and the platform's to their newest schemas: `python -m shop.migrate`.

Each has revisions of its own, noted in a table of its own, so that the two may be one database or lie on two servers.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData

from command import Command, CommandError, Result
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, open_engine
from shop.migrations import search_index
from shop.migrations.change_log import keep_change_log
from shop.tables import Base, PlatformBase

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Schema:
    """What belongs into a database.

    Attributes:
        name: `shop` or `platform`.
        metadata: its tables as the code has them.
        revisions: folder of the steps that lead there, in `shop.migrations`.
        version_table: where the database notes how far it has come.
    """

    name: str
    metadata: MetaData
    revisions: Path
    version_table: str


class NewerSchemaError(ShopFailedError):
    """A database was migrated by a newer release, which alone knows what it holds."""


SHOP = Schema("shop", Base.metadata, MIGRATIONS / "shop", "alembic_version")
PLATFORM = Schema("platform", PlatformBase.metadata, MIGRATIONS / "platform", "platform_alembic_version")
SCHEMAS = {schema.name: schema for schema in (SHOP, PLATFORM)}


def migrate(engine_or_url: Engine | str, schema: Schema = SHOP) -> str:
    """Upgrade to the newest revision; does nothing when the database already has it.

    Returns:
        The revision that the database has now.

    Raises:
        NewerSchemaError: a newer release migrated the database; nothing was changed.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached, or refuses the change.
    """
    engine = open_engine(engine_or_url) if isinstance(engine_or_url, str) else engine_or_url
    with engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        migrate_connection(connection, schema)
        return str(_find_context(connection, schema).get_current_revision())


def migrate_connection(connection: Connection, schema: Schema = SHOP) -> None:
    """Upgrade within a transaction that the caller ends; what the log of changes lacks is made.

    Raises:
        NewerSchemaError: a newer release migrated the database; nothing was changed.
    """
    _require_known_revision(connection, schema)
    config = _configure(schema)
    config.attributes |= {"connection": connection, "schema": schema}
    command.upgrade(config, "head")
    keep_change_log(connection)


def list_revisions(schema: Schema) -> list[str]:
    """Return the revisions that this release knows, the newest first."""
    return [revision.revision for revision in ScriptDirectory.from_config(_configure(schema)).walk_revisions()]


def read_revision(engine: Engine, schema: Schema) -> str:
    """Return the revision that a database has; empty where it has none."""
    with engine.connect() as connection:
        return _find_context(connection, schema).get_current_revision() or ""


def _configure(schema: Schema) -> Config:
    config = Config()
    for name, value in (("script_location", MIGRATIONS), ("version_locations", schema.revisions)):
        config.set_main_option(name, str(value).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")  # by default a folder's name ends at a space
    return config


def _require_known_revision(connection: Connection, schema: Schema) -> None:
    revision = _find_context(connection, schema).get_current_revision()
    if revision is not None and revision not in (known := list_revisions(schema)):
        raise NewerSchemaError(
            f"the {schema.name}'s database is at revision {revision}, and this release knows none after {known[0]}: a "
            "newer release migrated it. Run that one, or restore a backup of before; nothing was changed."
        )


def list_differences(engine: Engine, schema: Schema = SHOP) -> list[str]:
    """Name what differs from `shop.tables`; empty when they agree. Tables that are not of the schema do not count."""
    with engine.connect() as connection:
        context = _find_context(connection, schema)
        return [str(difference) for difference in compare_metadata(context, schema.metadata)]


def _find_context(connection: Connection, schema: Schema) -> MigrationContext:
    options = {"compare_type": True, "version_table": schema.version_table, "include_object": _is_ours}
    return MigrationContext.configure(connection, opts=options)


def _is_ours(_found: Any, name: str | None, kind: str, is_reflected: bool, declared: Any) -> bool:
    """Leave out tables that are not of the schema, and the search index, which each server has in its own way."""
    is_undeclared = is_reflected and declared is None
    return not (is_undeclared and (kind == "table" or name in (search_index.INDEX, search_index.COLUMN)))


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    command = Command("shop.migrate", __doc__)
    command.add_argument("--check", action="store_true", help="change nothing; fail if a schema is not the newest")
    command.add_argument("--database", choices=sorted(SCHEMAS), help="one of the two alone")
    return command.run(_migrate, arguments, (ShopFailedError,))


def _migrate(options: argparse.Namespace) -> Result:
    chosen = [SCHEMAS[options.database]] if options.database else list(SCHEMAS.values())
    return Result("\n".join(_bring_up(chosen, is_check=options.check)))


def _bring_up(chosen: list[Schema], *, is_check: bool) -> Iterator[str]:
    """Migrate or check, the shop first: where both are one database, its first revision made the platform's tables."""
    settings = load_settings()
    urls = {"shop": settings.shop_owner_database_url, "platform": settings.platform_database_url}
    for schema in chosen:
        with engine_scope(open_engine(urls[schema.name])) as engine:
            if not is_check:
                yield f"the {schema.name}'s schema is at revision {migrate(engine, schema)}"
                continue
            with engine.connect() as connection:
                _require_known_revision(connection, schema)
            if differences := list_differences(engine, schema):
                raise CommandError(
                    f"the {schema.name}'s schema is behind: {len(differences)} differences; run python -m shop.migrate"
                )


if __name__ == "__main__":
    sys.exit(main())
