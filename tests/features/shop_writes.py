"""Small sentences for tests of the sync: write into a shop, read the store, compare the two."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Engine, create_engine, select

from features.store import KNOWN_FROM, KNOWN_UNTIL, MLStore
from features.sync.source.columns import SYNCED_TABLES, SyncedTable
from shop.tables import DECLARED

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def execute(engine: Engine, *statements: str) -> None:
    """Run statements in one transaction."""
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def current(store: MLStore, table: str, column: str) -> dict[int, Any]:
    """Return a column of the rows that stand in the store now, by key."""
    rows = store.as_of(table, TOMORROW).collect()
    return dict(zip(rows.to_series(0).to_list(), rows[column].to_list(), strict=True))


def versions_of(store: MLStore, table: str, key: int) -> list[dict[str, Any]]:
    """Return all versions of one row, oldest first."""
    rows = store.scan(table).collect()
    return rows.filter(rows.to_series(0) == key).sort(KNOWN_FROM).to_dicts()


def stored_rows(store: MLStore, table: SyncedTable, without: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """Return all rows that stand in the store, waiting ones too, by key."""
    rows = store.scan(table.name).filter(pl.col(KNOWN_UNTIL).is_null()).sort(table.key)
    return rows.select(table.store_schema.names()).drop(without).collect().rows()


def shop_rows(engine: Engine, table: SyncedTable, without: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of the shop by key, read in the ordinary way: not as the sync reads them."""
    columns = DECLARED[table.name].columns
    wanted = [column for column in columns if column.name not in without]
    with engine.connect() as connection:
        rows = connection.execute(select(*wanted).order_by(columns[table.key])).all()
    return [tuple(row) for row in rows]


def assert_equal(engine: Engine, store: MLStore, without: Sequence[str] = ()) -> None:
    """Hold every row and column of every table in the store against the shop; some columns aside if asked."""
    for table in SYNCED_TABLES:
        stored, theirs = stored_rows(store, table, without), shop_rows(engine, table, without)
        assert stored == theirs, f"{table.name} differs from the shop"


def assert_lives_are_sound(store: MLStore) -> None:
    """No two versions of a row may be known at the same instant, and none may end before it begins."""
    for table in SYNCED_TABLES:
        lives = store.scan(table.name).filter(pl.col(KNOWN_FROM).is_not_null()).sort(table.key, KNOWN_FROM).collect()
        following = pl.col(KNOWN_FROM).shift(-1).over(table.key)
        bad = lives.filter((pl.col(KNOWN_UNTIL) < pl.col(KNOWN_FROM)) | (pl.col(KNOWN_UNTIL) > following))
        open_and_followed = lives.filter(pl.col(KNOWN_UNTIL).is_null() & following.is_not_null())
        assert bad.is_empty(), f"{table.name} has overlapping lives: {bad}"
        assert open_and_followed.is_empty(), f"{table.name} has two open versions: {open_and_followed}"


def writer(engine: Engine) -> Engine:
    """Open connections of another program that writes to the same shop, in UTC."""
    connect_args = {} if engine.dialect.name == "sqlite" else {"init_command": "SET time_zone='+00:00'"}
    return create_engine(engine.url, connect_args=connect_args)
