"""The one writer: validates each frame and inserts it in bulk, all within one transaction of each database.

Events go to the platform's database, all else to the shop's. A load that fails leaves both as they were. A shop that
has rows is only replaced when asked.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, delete, select

from shop.loaders.canonical import DTYPES, TABLE_BY_NAME, TABLES, Table
from shop.loaders.text_ids import TextIds
from shop.loaders.validation import InvalidShopError, Origin, validate_frame
from shop.migrations import search_index
from shop.money import DEFAULT_DECIMALS
from shop.split import migrate_both
from shop.storefront.document import write_document
from shop.tables import DECLARED, Base, PlatformBase, ShopId

ROWS_PER_INSERT = 50_000
SQLITE_CACHE_KIB = 256 * 1024
"""Room for the pages of the indexes that a large load touches at random."""

OURS = PlatformBase.metadata.tables
"""Tables that lie in the platform's database."""

Report = Callable[[str], object]


@dataclass(frozen=True)
class RowBatch:
    """Rows of one table on their way into the shop, with all canonical columns."""

    table: str
    frame: pl.DataFrame


@dataclass
class _Progress:
    """What was written so far: counts for the report, keys for the references of later tables."""

    decimals: int
    num_rows: dict[str, int] = field(default_factory=dict)
    keys: dict[str, list[pl.Series]] = field(default_factory=dict)

    def known(self, table: Table) -> dict[str, pl.Series]:
        """Gather the keys that the table's references may name."""
        targets = {column.references for column in table.columns if column.references}
        return {
            target: pl.concat(self.keys[target]) if target in self.keys else pl.Series(dtype=pl.Int64)
            for target in targets
        }


class ShopNotEmptyError(Exception):
    """The database holds a shop already, and nobody asked to replace it."""


def write_shop(
    engine: Engine,
    batches: Iterable[RowBatch],
    *,
    replace: bool,
    report: Report,
    decimals: int = DEFAULT_DECIMALS,
    storefront: str = "",
    platform: Engine | None = None,
    ids: TextIds | None = None,
) -> dict[str, int]:
    """Write a whole shop: migrate, empty the tables if asked, validate and insert, commit at the end.

    Args:
        engine: the shop's database.
        batches: rows in an order in which references point backwards; a table may come in several batches.
        replace: delete what both databases hold, recommendations included; otherwise a shop with rows is refused.
        report: gets one line of progress now and then.
        decimals: of the shop's currency, which amounts of money are rounded to.
        storefront: document that configures the storefront; empty = the defaults, or what was written before.
        platform: the platform's database; `None` where it is the shop's.
        ids: numbers that the rows bear for ids of text. They outlive a replaced shop, and new ones are kept with the
            rows; without them, the ids of a replaced shop go too.

    Returns:
        Rows written, by table.

    Raises:
        ShopNotEmptyError: there are rows, and `replace` is false.
        InvalidShopError: the rows break a rule; nothing was written.
        InvalidStorefrontError: the document breaks one; nothing was written either.
    """
    progress = _Progress(decimals)
    with _begin(engine, platform) as (shop, ours):
        kept = frozenset() if ids is None else frozenset({ShopId.__tablename__})
        indexes = _drop_indexes(shop)
        _prepare(shop, ours, kept if replace else None, report)
        for batch in batches:
            _write_batch(ours if batch.table in OURS else shop, batch, progress, report)
        if storefront:
            write_document(ours, storefront, shop)
        if ids is not None:
            ids.write_new(ours)
        for statement in indexes:
            shop.exec_driver_sql(statement)
    for each in filter(None, (engine, platform)):
        if each.dialect.name == "sqlite":
            _shrink_log(each)
    return {table.name: progress.num_rows.get(table.name, 0) for table in TABLES}


@contextmanager
def _begin(engine: Engine, platform: Engine | None) -> Iterator[tuple[Connection, Connection]]:
    """Migrate both databases and begin a transaction of each, of which the platform's is committed first.

    Where they are one, it is one transaction.
    """
    migrate_both(engine, platform or engine)
    with ExitStack() as stack:
        shop = ours = stack.enter_context(engine.execution_options(sqlite_begin="IMMEDIATE").begin())
        if platform is not None:
            ours = stack.enter_context(platform.execution_options(sqlite_begin="IMMEDIATE").begin())
        yield shop, ours


def refuse_non_empty(engine: Engine, platform: Engine | None = None) -> None:
    """Look before the long work whether the shop may be loaded at all.

    Raises:
        ShopNotEmptyError: the shop has rows.
    """
    with _begin(engine, platform) as (shop, ours):
        _refuse_rows(shop, ours)


def _refuse_rows(shop: Connection, ours: Connection) -> None:
    for table in TABLES:
        connection = ours if table.name in OURS else shop
        if connection.execute(select(1).select_from(DECLARED[table.name]).limit(1)).first():
            raise ShopNotEmptyError(f"the shop has rows in {table.name!r} already; add --replace to load over it")


def _prepare(shop: Connection, ours: Connection, kept: Set[str] | None, report: Report) -> None:
    """Empty the tables but those that are kept, or refuse a shop with rows, under the locks that the load holds."""
    for connection in {id(each): each for each in (shop, ours)}.values():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA cache_size={-SQLITE_CACHE_KIB}")  # negative = KiB
        else:
            connection.exec_driver_sql("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')")
    if kept is None:
        _refuse_rows(shop, ours)
        return
    for connection, metadata in ((ours, PlatformBase.metadata), (shop, Base.metadata)):
        for table in reversed(metadata.sorted_tables):
            if table.name in kept:
                continue
            num_deleted = connection.execute(delete(table)).rowcount
            if num_deleted:
                report(f"{table.name}: {num_deleted:,} old rows removed")


def _drop_indexes(connection: Connection) -> list[str]:
    """Set SQLite's indexes aside: building them once at the end is several times faster than row by row.

    SQLite's DDL belongs to the transaction, so a load that fails keeps them. MySQL's does not: there they stay.

    Returns:
        The statements that make them again.
    """
    if connection.dialect.name != "sqlite":
        return []
    kept_up = f"name GLOB 'tr_{search_index.INDEX}_*'"  # the search index, row by row
    found = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master "
        f"WHERE type = 'index' AND sql IS NOT NULL OR type = 'trigger' AND {kept_up}"
    )
    indexes = [(str(kind), str(name), str(statement)) for kind, name, statement in found]
    for kind, name, _ in indexes:
        connection.exec_driver_sql(f'DROP {kind} "{name}"')
    return [*(statement for _, _, statement in indexes), search_index.FILL]


def _write_batch(connection: Connection, batch: RowBatch, progress: _Progress, report: Report) -> None:
    """Validate one frame and insert it piece by piece."""
    table = TABLE_BY_NAME[batch.table]
    num_before = progress.num_rows.get(table.name, 0)
    origin = Origin(table.name, first_row=num_before, decimals=progress.decimals)
    frame = validate_frame(table, batch.frame, origin, progress.known(table), complete=True)
    progress.keys.setdefault(f"{table.name}.{table.key}", []).append(frame[table.key])
    statement, encode = _statement_for(connection, table)
    cursor = connection.connection.cursor()
    try:
        for piece in frame.iter_slices(ROWS_PER_INSERT):
            cursor.executemany(statement, encode(piece))
    except connection.dialect.dbapi.Error as error:  # type: ignore[union-attr]
        raise InvalidShopError(f"{table.name}: the database refuses the rows: {error}") from error
    finally:
        cursor.close()
    progress.num_rows[table.name] = num_before + len(frame)
    report(f"{table.name}: {progress.num_rows[table.name]:,} rows")


def _statement_for(connection: Connection, table: Table) -> tuple[str, Callable[[pl.DataFrame], Any]]:
    """Spell the INSERT for the driver, with the function that turns a frame into its rows."""
    names = ", ".join(table.column_names)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        return f"INSERT INTO {table.name} ({names}) VALUES ({marks})", _encode_for_sqlite
    marks = ", ".join(["%s"] * len(table.columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})", _encode_for_mysql


def _encode_for_sqlite(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Spell instants and amounts as `shop.tables.types` stores them on SQLite."""
    encoded = frame.with_columns(
        pl.col(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
        pl.col(DTYPES["money"]).cast(pl.Float64),
        pl.col(pl.Boolean).cast(pl.Int8),
    )
    return encoded.iter_rows()


def _encode_for_mysql(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Spell instants and amounts as text, which the server reads exactly."""
    encoded = frame.with_columns(
        pl.col(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
        pl.col(DTYPES["money"]).cast(pl.String),
        pl.col(pl.Boolean).cast(pl.Int8),
    )
    return encoded.rows()


def _shrink_log(engine: Engine) -> None:
    """Move the load from SQLite's write-ahead log into the file; readers that are still open may postpone it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
