"""Migrated databases that one test after another is lent: the schema as migrations leave it, and no rows."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymysql.cursors import Cursor
from sqlalchemy import make_url

from shop.database import open_engine
from shop.migrate import Schema, migrate
from tests.support.database_servers import DatabaseServer

COUNTER = re.compile(r" AUTO_INCREMENT=\d+")


@dataclass
class MigratedDatabases:
    """Databases of one server, with the tables of some schemas.

    Attributes:
        server: where they lie.
        schemas: whose migrations ran.
    """

    server: DatabaseServer
    schemas: Sequence[Schema]
    _free: list["_Migrated"] = field(default_factory=list)

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Lend the URL of a database whose tables hold what migrations write; what a test leaves behind is removed.

        A database whose tables or account a test has changed is dropped instead.
        """
        lent = self._free.pop() if self._free else self._make()
        yield lent.url
        with self.server.connect() as connection, connection.cursor() as cursor:
            if lent.restore(cursor):
                self._free.append(lent)
                return
        self.server.drop_database(lent.url)

    def _make(self) -> "_Migrated":
        url = self.server.create_database()
        engine = open_engine(url)
        for schema in self.schemas:
            migrate(engine, schema)
        engine.dispose()
        with self.server.connect() as connection, connection.cursor() as cursor:
            return _Migrated.remember(cursor, url)


@dataclass(frozen=True)
class _Migrated:
    """A database and what migrations made of it: tables, account, and rows by table."""

    url: str
    definition: list[str]
    rows: dict[str, list[Any]]

    @classmethod
    def remember(cls, cursor: Cursor, url: str) -> "_Migrated":
        statements = _define(cursor, url)
        used = _find_used(statements, cursor, url)
        return cls(url, _without_counters(statements), {table: _read_rows(cursor, url, table) for table in used})

    def restore(self, cursor: Cursor) -> bool:
        """Empty the tables that a test wrote; say whether the database is what it was then."""
        statements = _define(cursor, self.url)
        if _without_counters(statements) != self.definition:
            return False
        cursor.execute("SET foreign_key_checks = 0")
        for table in _find_used(statements, cursor, self.url):
            if table not in self.rows:
                cursor.execute(f"TRUNCATE TABLE {_name(self.url)}.`{table}`")
        cursor.execute("SET foreign_key_checks = 1")
        return all(_read_rows(cursor, self.url, table) == rows for table, rows in self.rows.items())


def _name(url: str) -> str:
    return f"`{make_url(url).database}`"


def _define(cursor: Cursor, url: str) -> dict[str, str]:
    """Read how each table is made, and under "" what the account may do and which triggers there are."""
    cursor.execute(f"SHOW TABLES FROM {_name(url)}")
    statements = {}
    for (table,) in list(cursor.fetchall()):
        cursor.execute(f"SHOW CREATE TABLE {_name(url)}.`{table}`")
        statements[str(table)] = str((cursor.fetchone() or ("", ""))[1])
    cursor.execute(f"SHOW GRANTS FOR '{make_url(url).username}'@'%'")
    rights = cursor.fetchall()
    cursor.execute(f"SHOW TRIGGERS FROM {_name(url)}")
    return statements | {"": repr((rights, cursor.fetchall()))}


def _without_counters(statements: dict[str, str]) -> list[str]:
    return [COUNTER.sub("", statements[table]) for table in sorted(statements)]


def _find_used(statements: dict[str, str], cursor: Cursor, url: str) -> list[str]:
    """List the tables that hold rows, or held some that were numbered."""
    tables = [table for table in statements if table]
    cursor.execute("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {_name(url)}.`{table}`)" for table in tables))
    holds = cursor.fetchone() or ()
    return [table for table, held in zip(tables, holds, strict=True) if held or COUNTER.search(statements[table])]


def _read_rows(cursor: Cursor, url: str, table: str) -> list[Any]:
    cursor.execute(f"SELECT * FROM {_name(url)}.`{table}`")
    return sorted(cursor.fetchall(), key=repr)


def copy_migrated_file(template: Path, url: str) -> None:
    """Copy a SQLite file that was migrated once to where a test wants its own."""
    target = make_url(url).database
    assert target is not None
    shutil.copyfile(template, target)


def migrate_file(folder: Path, schemas: Sequence[Schema]) -> Path:
    """Make the SQLite file that tests copy."""
    path = folder / "migrated.db"
    engine = open_engine(f"sqlite:///{path}")
    for schema in schemas:
        migrate(engine, schema)
    engine.dispose()
    return path
