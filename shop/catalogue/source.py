"""Rows of a shop through its mapping, as the copy holds them. SELECT alone; one statement a table, never held whole."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine

from shop.catalogue.tables import CopiedTable
from shop.catalogue.values import OddValueError, Value, read_value
from shop.mapping.canonical import MAX_KEY, UPDATED_AT
from shop.mapping.model import ShopMapping
from shop.mapping.select import TableSource, build_sources

ROWS_AT_ONCE = 2000
ORDERS_KEPT = timedelta(days=366)
"""How far back pages see a shopper's orders."""

LOOK_BACK = timedelta(minutes=10)
"""How long a transaction may have been open that stamped its rows before the last round and committed after it."""

Row = tuple[Value, ...]


@dataclass(frozen=True)
class Rows:
    """Some rows of a table in the order of their keys, by key.

    Attributes:
        readable: what can be copied.
        odd: what cannot, and why.
        num_nameless: rows whose key is no whole number of 63 bits.
    """

    readable: dict[int, Row]
    odd: dict[int, str]
    num_nameless: int = 0

    @property
    def keys(self) -> list[int]:
        """List the keys of all of them."""
        return sorted([*self.readable, *self.odd])


class ShopSource:
    """A shop that is read through its mapping."""

    def __init__(self, engine: Engine, mapping: ShopMapping):
        """Read nothing yet.

        Args:
            engine: the shop; SELECT is enough.
            mapping: what its tables mean.
        """
        self._engine = engine
        self._sources = build_sources(mapping, engine.dialect.name)

    def has_changes(self, table: CopiedTable) -> bool:
        """Return whether a column tells when a row last changed."""
        source = self._sources[table.name]
        return source.has_changes and (table.name != "order_items" or self._sources["orders"].has_changes)

    def read_clock(self) -> datetime:
        """Return the server's time."""
        with self._engine.connect() as connection:
            now = connection.exec_driver_sql("SELECT CURRENT_TIMESTAMP").scalar_one()
        return (datetime.fromisoformat(now) if isinstance(now, str) else now).replace(tzinfo=UTC)

    def read_rows(self, table: CopiedTable, since: datetime | None = None) -> Iterator[Rows]:
        """Read a table in the order of its keys, some thousand rows at a time.

        Args:
            table: which one.
            since: only rows that changed since a round began; all if not given.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the shop fails.
        """
        is_sqlite = self._engine.dialect.name == "sqlite"
        sql = select_rows(table, self._sources, self.read_clock() - ORDERS_KEPT, since, is_sqlite=is_sqlite)
        with _streaming(self._engine) as connection:
            rows = iter(connection.exec_driver_sql(sql))
            while piece := list(islice(rows, ROWS_AT_ONCE)):
                yield _read_piece(table, piece)


@contextmanager
def _streaming(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection.execution_options(stream_results=True, yield_per=ROWS_AT_ONCE)


def _read_piece(table: CopiedTable, piece: Sequence[Any]) -> Rows:
    """Read the values of some rows."""
    readable: dict[int, Row] = {}
    odd: dict[int, str] = {}
    num_nameless = 0
    for given in piece:
        key = given[table.key_place]
        if not isinstance(key, int) or abs(key) > MAX_KEY:
            num_nameless += 1
            continue
        try:
            readable[key] = tuple(read_value(field, value) for field, value in zip(table.fields, given, strict=True))
        except OddValueError as err:
            odd[key] = str(err)
    return Rows(readable, odd, num_nameless)


def select_rows(
    table: CopiedTable,
    sources: Mapping[str, TableSource],
    oldest_order: datetime,
    since: datetime | None = None,
    *,
    is_sqlite: bool,
) -> str:
    """Write the statement that reads a table.

    Args:
        table: which one.
        sources: of all canonical tables.
        oldest_order: orders before it and those of guests, whom no page is for, are left out with their lines.
        since: only rows that changed since a round began, and the lines of orders that did.
        is_sqlite: on SQLite, else MySQL or MariaDB.
    """
    names = ", ".join(f"{table.name}.{field.name}" for field in table.fields)
    origin, conditions, changed = sources[table.name].sql, [], [f"{table.name}.{UPDATED_AT}"]
    if table.name == "order_items":
        origin += f" JOIN {sources['orders'].sql} ON orders.order_id = order_items.order_id"
        changed.append(f"orders.{UPDATED_AT}")
    if table.name in ("orders", "order_items"):
        conditions.append("orders.user_id IS NOT NULL")
        conditions.append(f"orders.ordered_at >= {_write_instant(oldest_order, is_sqlite=is_sqlite)}")
    if since is not None:
        instant = _write_instant(since - LOOK_BACK, is_sqlite=is_sqlite)
        conditions.append(f"({' OR '.join(f'{column} >= {instant}' for column in changed)})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {names} FROM {origin}{where} ORDER BY {table.name}.{table.key}"


def _write_instant(instant: datetime, *, is_sqlite: bool) -> str:
    written = f"'{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    return written if is_sqlite else f"TIMESTAMP{written}"
