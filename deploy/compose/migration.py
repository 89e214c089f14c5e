"""Migrate one service's database, and refuse it where a migration broke off.

By hand: `python -m deploy.compose.migration mlflow`.

MySQL commits each CREATE and ALTER at once, so a migration that is killed leaves a schema between two revisions, on
which every later try fails with "table exists". A row in the table `alembic_under_way`, written before the tool's own
migration and removed after it, tells such a schema from a whole one.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, MetaData, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from command import Command, CommandError, Result
from deploy.compose.databases import read_secret, require_triggers

MARK = "alembic_under_way"  # MLflow takes a database for empty as long as it holds tables of this prefix alone
LIMIT_SECONDS = 900.0
CONNECT_SECONDS = 10
NOTHING = "nothing"


@dataclass(frozen=True)
class Tool:
    """How a service migrates its own database.

    Attributes:
        secret: name of the secret that holds the URL of its database.
        migrate: command that brings the schema to the newest revision.
        check: command that exits with 0 if the schema has that revision, and changes nothing.
        service: name of the job in docker-compose.yml.
        versions: package whose files are the revisions that the installed tool knows; none are asked for if empty.
        version_table: where the tool notes the revision.
        has_triggers: the schema has some, which not every server lets an account create.
    """

    secret: str
    migrate: tuple[str, ...]
    check: tuple[str, ...]
    service: str
    versions: str = ""
    version_table: str = "alembic_version"
    has_triggers: bool = False


TOOLS = {
    "shop": Tool(
        "shop_owner_database_url",
        (sys.executable, "-m", "shop.migrate", "--database", "shop"),
        (sys.executable, "-m", "shop.migrate", "--database", "shop", "--check"),
        "shop-migrate",
        "shop.migrations.shop",
    ),
    "platform": Tool(
        "platform_database_url",
        (sys.executable, "-m", "shop.migrate", "--database", "platform"),
        (sys.executable, "-m", "shop.migrate", "--database", "platform", "--check"),
        "platform-migrate",
        "shop.migrations.platform",
        "platform_alembic_version",
    ),
    "mlflow": Tool(
        "mlflow_backend_uri",
        (sys.executable, "-m", "mlflow_server.migrate"),
        (sys.executable, "-m", "mlflow_server.migrate", "--check"),
        "mlflow-migrate",
        "mlflow.store.db_migrations.versions",
        has_triggers=True,
    ),
    "airflow": Tool(
        "airflow_database_url",
        ("airflow", "db", "migrate"),
        ("airflow", "db", "check-migrations", "--migration-wait-timeout", "0"),
        "airflow-migrate",
        "airflow.migrations.versions",
    ),
}


class HalfMigrationError(Exception):
    """A migration broke off; the message says from where, and what to do."""


class NewerDatabaseError(Exception):
    """A newer release migrated the database; the message says what to do."""


class MigrationError(Exception):
    """The tool's own migration failed; its words stand above in the log."""


def migrate(engine: Engine, tool: Tool, run: Callable[[tuple[str, ...]], bool]) -> str:
    """Run a tool's migration, marked as under way while it runs.

    Args:
        engine: the service's database, as the service itself sees it.
        tool: how to migrate and to check.
        run: runs a command and tells whether it exited with 0.

    Returns:
        What was done, for a person.

    Raises:
        HalfMigrationError: an earlier migration broke off.
        NewerDatabaseError: a newer release migrated it; nothing was changed.
        MigrationError: this one failed; the mark stays.
        sqlalchemy.exc.SQLAlchemyError: the database does not answer, or refuses.
    """
    left, found = find_mark(engine), find_revision(engine, tool.version_table)
    before = left or found
    is_untouched = left == found == NOTHING  # the tool ended before its first table
    if (left or found == "") and not is_untouched:
        if not run(tool.check):
            raise HalfMigrationError(explain(left or before, tool))
        remove_mark(engine)
        return "a migration had ended, but not its mark: the schema is the newest"
    if found not in ("", NOTHING) and not knows(tool, found):
        raise NewerDatabaseError(
            f"It is at revision {found}, which this release does not know: a newer one migrated it. Run that one, or "
            "restore a backup of before. Nothing was changed."
        )
    set_mark(engine, before)
    if not run(tool.migrate):
        raise MigrationError(
            f"The migration from {before} failed; the tool's own words stand above. Mend what they name, then see "
            f"what `docker compose run --rm {tool.service}` says."
        )
    remove_mark(engine)
    return f"the schema is the newest (it was {before})"


def start_over(engine: Engine, version_table: str = "alembic_version") -> None:
    """Drop every table of a database whose first migration broke off: nothing was ever kept in it.

    Raises:
        HalfMigrationError: it held a complete schema once, so there may be data.
    """
    left, found = find_mark(engine), find_revision(engine, version_table)
    if left != NOTHING and not (left is None and found == ""):
        raise HalfMigrationError(
            f"This database had revision {left or found} before and may hold data: it is not emptied. "
            "Restore the backup that was taken before the upgrade."
        )
    tables = MetaData()
    with engine.begin() as connection:
        connection.execute(text("SET SESSION foreign_key_checks = 0"))
        tables.reflect(connection)
        for table in tables.tables.values():
            connection.execute(text(f"DROP TABLE {engine.dialect.identifier_preparer.format_table(table)}"))


def find_revision(engine: Engine, version_table: str = "alembic_version") -> str:
    """Find the revision of a schema that a table notes.

    Returns:
        `NOTHING` for a database without tables; the revision that the tool noted; empty where there are tables and no
        revision, which only a first migration that broke off leaves.
    """
    tables = set(inspect(engine).get_table_names()) - {MARK}
    if not tables:
        return NOTHING
    if version_table not in tables:
        return ""
    with engine.connect() as connection:
        return str(connection.scalar(text(f"SELECT version_num FROM {version_table}")) or "")


def knows(tool: Tool, revision: str) -> bool:
    """Return whether the installed tool has a revision of its schema; true for a tool that names no `versions`."""
    if not tool.versions:
        return True
    spec = importlib.util.find_spec(tool.versions)
    folders = spec.submodule_search_locations if spec else None
    known = re.compile(rf"^revision\b.*=\s*[\"']{re.escape(revision)}[\"']", re.MULTILINE)
    files = (path.read_text(encoding="utf-8") for folder in folders or () for path in Path(folder).glob("*.py"))
    return any(map(known.search, files))


def find_mark(engine: Engine) -> str | None:
    """Find the revision that an unfinished migration started from; `None` where none is under way."""
    if not inspect(engine).has_table(MARK):
        return None
    with engine.connect() as connection:
        found: str | None = connection.scalar(text(f"SELECT came_from FROM {MARK}"))
    return found


def set_mark(engine: Engine, came_from: str) -> None:
    """Note durably that a migration begins."""
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE IF NOT EXISTS {MARK} (came_from VARCHAR(64) NOT NULL, since DATETIME)"))
        connection.execute(
            text(f"INSERT INTO {MARK} (came_from, since) VALUES (:came_from, CURRENT_TIMESTAMP)"),
            {"came_from": came_from},
        )


def remove_mark(engine: Engine) -> None:
    """Note that the schema is whole."""
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {MARK}"))


def explain(came_from: str, tool: Tool) -> str:
    """Say what a broken-off migration leaves to do."""
    if came_from in (NOTHING, ""):
        return (
            "The first migration of this database broke off, and MySQL cannot take half of one back. Nothing was ever "
            f"kept in it: `docker compose run --rm {tool.service} python -m deploy.compose.migration "
            f"{name_of(tool)} --start-over` empties it and migrates again, then `docker compose up -d`."
        )
    return (
        f"A migration from revision {came_from} broke off, and MySQL cannot take half of one back. Restore the backup "
        "that was taken before the upgrade, then run `docker compose up -d` again."
    )


def name_of(tool: Tool) -> str:
    """Find the name that a tool is called by on the command line."""
    return next(name for name, one in TOOLS.items() if one is tool)


def run_command(command: tuple[str, ...]) -> bool:
    """Run a tool's command, its output going to the log of this job."""
    try:
        return subprocess.run(command, check=False, timeout=LIMIT_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{' '.join(command)} was stopped after {LIMIT_SECONDS:.0f} s\n")
        return False


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit 1 with one line when the database is refused or the migration fails."""
    command = Command("deploy.compose.migration", __doc__, failed="")
    command.add_argument("tool", choices=sorted(TOOLS), help="whose database")
    command.add_argument(
        "--start-over", action="store_true", help="empty a database whose first migration broke off, then migrate"
    )
    return command.run(_migrate, arguments)


def _migrate(options: argparse.Namespace) -> Result:
    tool = TOOLS[options.tool]
    try:
        engine = create_engine(read_secret(tool.secret), connect_args={"connect_timeout": CONNECT_SECONDS})
        if tool.has_triggers:
            with engine.connect() as connection:
                require_triggers(connection.connection.cursor())
        if options.start_over:
            start_over(engine, tool.version_table)
        done = migrate(engine, tool, run_command)
    except (OSError, ValueError, SQLAlchemyError, HalfMigrationError, NewerDatabaseError, MigrationError) as err:
        reason = getattr(err, "orig", None) or err
        raise CommandError(f"{options.tool}'s database was not migrated. {reason}") from err
    return Result(f"{options.tool}: {done}")


if __name__ == "__main__":
    sys.exit(main())
