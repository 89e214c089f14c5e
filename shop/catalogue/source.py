"""Rows of a shop through its mapping, as the copy holds them, all tables as of one instant.

SELECT alone; one statement a table, never held whole.

Ids of text become their numbers here: of keys and references alike, which are given out before a row that bears them is
written.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine

from shop.catalogue.tables import COPIED_TABLES, WHOLE_TABLES, CopiedTable
from shop.catalogue.values import OddValueError, Value, read_value
from shop.database import name_database
from shop.mapping.canonical import CANONICAL_TABLES, MAX_KEY, UPDATED_AT, Field, Kind
from shop.mapping.id_map import IdMap
from shop.mapping.model import ShopMapping
from shop.mapping.select import TableSource, build_sources
from shop.money import Currency

ROWS_AT_ONCE = 2000
ORDERS_KEPT = timedelta(days=366)
"""How far back pages see a shopper's orders."""

LOOK_BACK = timedelta(minutes=15)
"""How long a transaction may have been open that stamped its rows before the last round and committed after it."""

Row = tuple[Value, ...]


@dataclass(frozen=True)
class Rows:
    """Some rows of a table by key, whose copies are ordered by it where the shop's keys are numbers.

    Attributes:
        readable: what can be copied.
        odd: what cannot, and why.
        num_nameless: rows whose key is none.
        names: what the shop calls them, by key.
    """

    readable: dict[int, Row]
    odd: dict[int, str]
    num_nameless: int = 0
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[int]:
        """List the keys of all of them."""
        return sorted([*self.readable, *self.odd])


@dataclass(frozen=True)
class SourceSnapshot:
    """A shop as it is at one instant.

    Attributes:
        connection: in a transaction that sees nothing of what others commit meanwhile.
        bound: the shop's clock just before the snapshot began.
    """

    connection: Connection
    bound: datetime


class ShopSource:
    """A shop that is read through its mapping; `tables` is what is copied of it."""

    def __init__(self, engine: Engine, mapping: ShopMapping, ids: IdMap, currency: Currency):
        """Read nothing yet.

        Args:
            engine: the shop; SELECT is enough.
            mapping: what its tables mean.
            ids: gives the numbers of ids of text.
            currency: of the shop's prices, whose smallest unit amounts are rounded to.
        """
        self.tables = WHOLE_TABLES if mapping.has_text_ids else COPIED_TABLES
        self._engine = engine
        self._ids = ids
        self._currency = currency
        self._text_ids = {table.name: mapping.find_text_ids(table) for table in CANONICAL_TABLES}
        self._sources = build_sources(mapping, engine.dialect.name)

    def has_changes(self, table: CopiedTable) -> bool:
        """Return whether a column tells when a row last changed."""
        needs_orders = table.name == "order_items" and not table.is_whole
        return self._sources[table.name].has_changes and (not needs_orders or self._sources["orders"].has_changes)

    def is_ordered(self, table: CopiedTable) -> bool:
        """Return whether rows come in the order of their keys: those of text have another one than their numbers."""
        return table.key not in self._text_ids[table.name]

    def fingerprint(self, table: CopiedTable) -> str:
        """Hash what a table's rows are read from and how: with another one, copied rows may mean something else."""
        statement = self._select(table, None if table.is_whole else datetime(1970, 1, 1, tzinfo=UTC))
        given = name_database(self._engine), self._currency.code, sorted(self._text_ids[table.name].items()), statement
        return hashlib.sha256(repr(given).encode()).hexdigest()

    @contextmanager
    def open_snapshot(self) -> Iterator[SourceSnapshot]:
        """Hold one snapshot for the length of the block; what was committed before it is in there, in every table.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the shop fails.
        """
        is_sqlite = self._engine.dialect.name == "sqlite"
        options: dict[str, Any] = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._engine.connect().execution_options(**options) as connection:
            now = connection.exec_driver_sql("SELECT CURRENT_TIMESTAMP").scalar_one()
            bound = (datetime.fromisoformat(now) if isinstance(now, str) else now).replace(tzinfo=UTC)
            if is_sqlite:
                connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_schema")  # the first read fixes the snapshot
            else:
                connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            try:
                yield SourceSnapshot(connection, bound)
            finally:
                connection.invalidate()  # what a block that fails has not read is not read for it

    def count_rows(self, snapshot: SourceSnapshot, table: CopiedTable) -> int:
        """Count a table's rows.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the shop fails.
        """
        sql = self._select(table, self._find_oldest(snapshot, table))
        return int(snapshot.connection.exec_driver_sql(f"SELECT COUNT(*) FROM ({sql}) AS counted").scalar_one())

    def read_rows(self, snapshot: SourceSnapshot, table: CopiedTable, since: datetime | None = None) -> Iterator[Rows]:
        """Read a table, some thousand rows at a time, to its end before another one is read.

        Args:
            snapshot: of this shop.
            table: which one.
            since: only rows that changed since an earlier snapshot's bound; all if not given.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the shop fails.
        """
        sql = self._select(table, self._find_oldest(snapshot, table), since)
        if self.is_ordered(table):
            sql += f" ORDER BY {table.name}.{table.key}"
        streamed = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
        rows = iter(snapshot.connection.exec_driver_sql(sql, execution_options=streamed))
        while piece := list(islice(rows, ROWS_AT_ONCE)):
            yield self._read_piece(table, piece)

    def _select(self, table: CopiedTable, oldest_order: datetime | None, since: datetime | None = None) -> str:
        is_sqlite = self._engine.dialect.name == "sqlite"
        return select_rows(table, self._sources, oldest_order, since, is_sqlite=is_sqlite)

    def _find_oldest(self, snapshot: SourceSnapshot, table: CopiedTable) -> datetime | None:
        return None if table.is_whole else snapshot.bound - ORDERS_KEPT

    def _read_piece(self, table: CopiedTable, piece: Sequence[Any]) -> Rows:
        """Read the values of some rows, and put the numbers of ids of text in their places."""
        owners, place = self._text_ids[table.name], table.key_place
        fields = [replace(one, kind=Kind.ID) if one.name in owners else one for one in table.fields]
        rows = [_read_row(fields, given, self._currency) for given in piece]
        numbers = {
            at: self._find_numbers(owners[one.name], [row[at] for row in rows])
            for at, one in enumerate(fields)
            if one.name in owners
        }
        readable: dict[int, tuple[Any, ...]] = {}
        odd: dict[int, str] = {}
        names: dict[int, str] = {}
        num_nameless = 0
        for given, row in zip(piece, rows, strict=True):
            values: list[Any] = [numbers[at].get(value) if at in numbers else value for at, value in enumerate(row)]
            key = values[place] if place in numbers else given[place]
            if not isinstance(key, int) or abs(key) > MAX_KEY:
                num_nameless += 1
                continue
            names[key] = str(row[place])
            reasons = [str(value) for value in row if isinstance(value, OddValueError)]
            if reasons:
                odd[key] = reasons[0]
            else:
                readable[key] = tuple(values)
        return Rows(readable, odd, num_nameless, names)

    def _find_numbers(self, kind: str, ids: Iterable[Any]) -> dict[Any, int | None]:
        """Return the numbers of ids by text, and None for none."""
        texts = {text for text in ids if isinstance(text, str)}
        return {None: None, **self._ids.numbers_of(kind, texts, create=True)}


def _read_row(fields: Sequence[Field], given: Sequence[Any], currency: Currency) -> list[Value | OddValueError]:
    """Read the values of a row; what is none of its field's is the error that says so."""
    values: list[Value | OddValueError] = []
    for field_of_value, value in zip(fields, given, strict=True):
        try:
            values.append(read_value(field_of_value, value, currency))
        except OddValueError as err:
            values.append(err)
    return values


def select_rows(
    table: CopiedTable,
    sources: Mapping[str, TableSource],
    oldest_order: datetime | None,
    since: datetime | None = None,
    *,
    is_sqlite: bool,
) -> str:
    """Write the statement that reads a table.

    Args:
        table: which one.
        sources: of all canonical tables.
        oldest_order: orders before it and those of guests, whom no page is for, are left out with their lines; `None`
            for all orders and lines.
        since: only rows that changed since this instant of the shop's clock, and the lines of orders that did.
        is_sqlite: on SQLite, else MySQL or MariaDB.
    """
    names = ", ".join(f"{table.name}.{field.name}" for field in table.fields)
    origin, conditions, changed = sources[table.name].sql, [], [f"{table.name}.{UPDATED_AT}"]
    if table.name == "order_items" and oldest_order is not None:
        origin += f" JOIN {sources['orders'].sql} ON orders.order_id = order_items.order_id"
        changed.append(f"orders.{UPDATED_AT}")
    if table.name in ("orders", "order_items") and oldest_order is not None:
        conditions.append("orders.user_id IS NOT NULL")
        conditions.append(f"orders.ordered_at >= {_write_instant(oldest_order, is_sqlite=is_sqlite)}")
    if since is not None:
        instant = _write_instant(since - LOOK_BACK, is_sqlite=is_sqlite)
        conditions.append(f"({' OR '.join(f'{column} >= {instant}' for column in changed)})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {names} FROM {origin}{where}"


def _write_instant(instant: datetime, *, is_sqlite: bool) -> str:
    written = f"'{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    return written if is_sqlite else f"TIMESTAMP{written}"
