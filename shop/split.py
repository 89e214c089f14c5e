"""Split the one database of an older installation into two: `python -m shop.split`.

Copies the platform's tables (lists, audit log, events) out of the shop's database in one transaction of the platform's,
compares both sides row by row, and only then drops them from the shop's. They are locked meanwhile: what a service from
before would still write there waits and then fails, and is not lost unseen. Killed anywhere, it starts over or goes on;
run again, it finds nothing to do.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    TableClause,
    Text,
    column,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
)

from command import Command, CommandError, Result, say
from settings import load_settings
from shop.database import ShopFailedError, engine_scope, name_database, open_engine
from shop.mapping.id_map import write_ids
from shop.migrate import PLATFORM, SHOP, migrate
from shop.tables import PlatformBase, RecommendationBatch, ShopId

READ_TIMEOUT_SECONDS = 600
ROWS_PER_INSERT = 2000
MARK = RecommendationBatch.__tablename__
"""The table that is dropped last: where it is gone, nothing is left to move."""
TEXT_IDS = table("text_ids", column("kind"), column("number"), column("text"))
"""Where the shop's database held the numbers of ids of text, before the id map did (revision 0008 of the shop)."""

Tell = Callable[[str], object]


class SplitError(Exception):
    """The rows cannot be moved; nothing was dropped. The message says what to do."""


def split_database(shop: Engine, platform: Engine, tell: Tell) -> dict[str, int]:
    """Move the platform's tables out of the shop's database.

    Args:
        shop: an account that may drop them.
        platform: the platform's database, another one.
        tell: called with a line of progress for each table.

    Returns:
        Rows moved, by table; empty where the shop's database holds none of these tables.

    Raises:
        SplitError: both are one database, the platform's holds other rows already, or a copy differs from its original.
        sqlalchemy.exc.SQLAlchemyError: a database fails.
    """
    if not {MARK, SHOP.version_table} <= set(inspect(shop).get_table_names()):
        return {}
    if _identify(shop) == _identify(platform):
        raise SplitError("SHOP_DATABASE_URL and PLATFORM_DATABASE_URL lead to one database: name another for ours.")
    migrate_both(shop, platform)
    present = set(inspect(shop).get_table_names())
    names = [each.name for each in PlatformBase.metadata.sorted_tables if each.name in present]
    with _locked(shop, [name for name in (*names, PLATFORM.version_table) if name in present]) as theirs:
        with platform.execution_options(sqlite_begin="IMMEDIATE").begin() as ours:
            if ours.dialect.name != "sqlite":
                ours.execute(text("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"))
            moved = {name: _copy(_describe(name, theirs), theirs, ours, tell) for name in names}
        notes = [PLATFORM.version_table] if PLATFORM.version_table in present else []
        _drop(theirs, [*(name for name in reversed(names) if name != MARK), *notes, MARK])
    return moved


def migrate_both(shop: Engine, platform: Engine) -> None:
    """Bring both databases to their newest schemas; they may be one.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: see `move_text_ids`.
    """
    migrate(shop)
    migrate(platform, PLATFORM)
    move_text_ids(shop, platform)


def move_text_ids(shop: Engine, platform: Engine) -> int:
    """Move the numbers of ids of text out of the shop's database into the id map. Killed anywhere, it can run again.

    Returns:
        How many were moved.

    Raises:
        sqlalchemy.exc.IntegrityError: the id map has given out other numbers; nothing was moved.
        sqlalchemy.exc.SQLAlchemyError: a database fails.
    """
    if not {TEXT_IDS.name, SHOP.version_table} <= set(inspect(shop).get_table_names()):
        return 0
    with shop.connect() as connection:
        ids = {tuple(row) for row in connection.execute(select(TEXT_IDS))}
    with platform.execution_options(sqlite_begin="IMMEDIATE").begin() as ours:
        missing = ids - {tuple(row) for row in ours.execute(select(ShopId.kind, ShopId.number, ShopId.text))}
        for kind in {kind for kind, _, _ in missing}:
            write_ids(ours, kind, {number: text for of_kind, number, text in missing if of_kind == kind})
    with shop.begin() as connection:
        connection.execute(text(f"DROP TABLE {TEXT_IDS.name}"))
    return len(missing)


def _identify(engine: Engine) -> tuple[Any, ...]:
    """Name a database as no other is named, however its URL is spelled."""
    is_file = engine.dialect.name == "sqlite"
    where = "SELECT file FROM pragma_database_list WHERE name = 'main'"
    with engine.connect() as connection:
        return tuple(connection.exec_driver_sql(where if is_file else "SELECT @@hostname, @@port, DATABASE()").one())


def has_rows_to_move(shop: Engine) -> bool:
    """Return whether the shop's database holds rows of the platform's."""
    present = set(inspect(shop).get_table_names()) & PlatformBase.metadata.tables.keys()
    if not {MARK, SHOP.version_table} <= {*present, *inspect(shop).get_table_names()}:
        return False
    with shop.connect() as connection:
        return any(connection.execute(select(literal(1)).select_from(table(one)).limit(1)).first() for one in present)


@contextmanager
def _locked(shop: Engine, names: Sequence[str]) -> Iterator[Connection]:
    """Hold tables against all others until the block ends, or this process does."""
    with shop.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        if connection.dialect.name != "sqlite":  # where BEGIN IMMEDIATE does it
            connection.execute(text(f"LOCK TABLES {', '.join(f'{name} WRITE' for name in names)}"))
        try:
            yield connection
        finally:
            if connection.dialect.name != "sqlite":
                connection.execute(text("UNLOCK TABLES"))


def _describe(name: str, theirs: Connection) -> TableClause:
    """Describe a table as the shop's database has it, which may lack later columns; JSON as text, copied as it is."""
    present = {each["name"] for each in inspect(theirs).get_columns(name)}
    declared = (each for each in PlatformBase.metadata.tables[name].columns if each.name in present)
    return table(name, *(column(each.name, Text() if isinstance(each.type, JSON) else each.type) for each in declared))


def _copy(described: TableClause, theirs: Connection, ours: Connection, tell: Tell) -> int:
    """Copy a table, unless it is empty or a run before did, and compare.

    Returns:
        How many rows it has.

    Raises:
        SplitError: the two sides differ.
    """
    if theirs.execute(select(literal(1)).select_from(described).limit(1)).first() is None:
        tell(f"{described.name}: 0 rows")
        return 0
    if not ours.scalar(select(func.count()).select_from(described)):
        rows = _read(described, theirs)
        while piece := [row._asdict() for row in islice(rows, ROWS_PER_INSERT)]:
            ours.execute(insert(described), piece)
    num_rows, digest = _digest(described, theirs)
    found = _digest(described, ours)
    if found != (num_rows, digest):
        raise SplitError(
            f"{described.name} has {num_rows:,} rows in the shop's database and {found[0]:,} in the platform's, which "
            "are not the same. Nothing was dropped. If the platform's database belongs to this installation and "
            "nothing in it is wanted, empty it and run this again; else name another in PLATFORM_DATABASE_URL."
        )
    tell(f"{described.name}: {num_rows:,} rows")
    return num_rows


def _read(described: TableClause, connection: Connection) -> Iterator[Any]:
    """Read all rows in the order of their key."""
    key = [described.c[each.name] for each in PlatformBase.metadata.tables[described.name].primary_key.columns]
    streamed = connection.execution_options(yield_per=ROWS_PER_INSERT)
    return iter(streamed.execute(select(described).order_by(*key)))


def _digest(described: TableClause, connection: Connection) -> tuple[int, str]:
    """Count the rows and take the SHA-256 of all their values, the same on every kind of database."""
    declared = PlatformBase.metadata.tables[described.name].columns
    is_json = [isinstance(declared[each.name].type, JSON) for each in described.columns]
    num_rows, digest = 0, hashlib.sha256()
    for row in _read(described, connection):
        num_rows += 1
        values = [_normalise(value) if as_json else str(value) for value, as_json in zip(row, is_json, strict=True)]
        digest.update(json.dumps(values).encode())
    return num_rows, digest.hexdigest()


def _normalise(value: str | None) -> str:
    """Write JSON in one way, since MySQL has its own; what is none stays as it is."""
    try:
        return json.dumps(json.loads(value or "null"), sort_keys=True)
    except json.JSONDecodeError:
        return str(value)


def _drop(shop: Connection, names: Sequence[str]) -> None:
    """Drop tables from the shop's database, in an order in which none is named by a later one."""
    for name in names:
        shop.execute(text(f"DROP TABLE {name}"))


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, or 1 with one line on stderr.
    """
    command = Command("shop.split", __doc__, failed="nothing was dropped")
    return command.run(_split, arguments, (SplitError, ShopFailedError))


def _split(_options: argparse.Namespace) -> Result:
    settings = load_settings()
    if not settings.has_own_database:
        raise CommandError("name the platform's database in PLATFORM_DATABASE_URL first: it is the shop's now")
    shop_url, platform_url = settings.shop_owner_database_url, settings.platform_database_url
    with (
        engine_scope(open_engine(shop_url, read_timeout_seconds=READ_TIMEOUT_SECONDS)) as shop,
        engine_scope(open_engine(platform_url, read_timeout_seconds=READ_TIMEOUT_SECONDS)) as platform,
    ):
        moved = split_database(shop, platform, lambda line: say(f"  {line}"))
        where = name_database(platform)
    if not moved:
        return Result("nothing to move: the shop's database holds none of the platform's tables")
    return Result(f"moved {sum(moved.values()):,} rows to {where}")


if __name__ == "__main__":
    sys.exit(main())
