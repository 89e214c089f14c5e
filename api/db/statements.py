"""Prepared statements of the busiest pages, compiled once; they return plain tuples.

Building and typing a statement anew costs more than the database needs to answer it. Values come as the driver gives
them; `to_instant` reads instants.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BindParameter, Connection, Select, bindparam
from sqlalchemy.util import await_only

IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""The one list of ids that a statement may ask for, as in `Product.product_id.in_(IDS)`."""

NOBODYS_ID = -1
"""Stands for an empty list of ids, which MySQL cannot write."""

ANY_NUMBER = 0
"""Stands for ids that come as one parameter however many they are."""

_WRITTEN_IDS = "__[POSTCOMPILE_ids]"
_IDS_AS_JSON = "SELECT value FROM json_each(:ids)"

Rows = Sequence[tuple[Any, ...]]


class _Compiled(NamedTuple):
    """A statement as a driver takes it: its text, its parameters in order, and values of those that never change."""

    text: str
    names: Sequence[str]
    constants: Mapping[str, Any]


class Prepared:
    """A SELECT with named parameters and at most one list of ids, `IDS`."""

    def __init__(self, statement: Select[*tuple[Any, ...]]):
        """Keep the statement; it is compiled for each kind of database when it is first run there."""
        self._statement = statement
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def execute(
        self, connection: Connection, values: Mapping[str, Any] | None = None, ids: Collection[int] = ()
    ) -> Rows:
        """Run the statement and give all rows.

        Args:
            connection: to the shop's database.
            values: a value for each named parameter, as the driver takes it.
            ids: what `IDS` stands for.
        """
        if connection.dialect.name == "sqlite":
            return self._execute_on_file(connection, values or {}, list(ids))
        return self._execute_on_server(connection, values or {}, list(ids) or [NOBODYS_ID])

    def _execute_on_file(self, connection: Connection, values: Mapping[str, Any], ids: list[int]) -> Rows:
        """Pass the ids as one parameter however many they are, so that the file's own cache knows the statement."""
        is_one = len(ids) == 1
        compiled = self._compile(connection, "named", 1 if is_one else ANY_NUMBER)
        given = {**compiled.constants, **values, "ids": ids[0] if is_one else orjson.dumps(ids).decode()}
        driver: Any = connection.connection.driver_connection
        rows: Rows = driver.execute(compiled.text, given).fetchall()
        return rows

    def _execute_on_server(self, connection: Connection, values: Mapping[str, Any], ids: list[int]) -> Rows:
        """Fill the ids up to one of a few lengths with the last one, so that the server knows the statement."""
        length = _round_up(len(ids))
        compiled = self._compile(connection, "format", length)
        ids += ids[-1:] * (length - len(ids))
        constants = compiled.constants
        given: list[Any] = []
        for name in compiled.names:
            if name == "ids":
                given += ids
            else:
                given.append(values[name] if name in values else constants[name])
        if connection.dialect.is_async:
            return await_only(_fetch_all(connection.connection.driver_connection, compiled.text, given))
        return connection.exec_driver_sql(compiled.text, tuple(given)).all()

    def _compile(self, connection: Connection, style: str, num_ids: int) -> _Compiled:
        """Write the statement for a kind of database and so many ids, if that was not done before."""
        dialect = connection.dialect
        found = self._compiled.get((dialect.name, num_ids))
        if found is None:
            compiled: Any = self._statement.compile(dialect=type(dialect)(paramstyle=style))  # type: ignore[call-arg]
            mark = ":ids" if style == "named" else "%s"
            ids = _IDS_AS_JSON if num_ids == ANY_NUMBER else ",".join([mark] * num_ids)
            text = compiled.string.replace(_WRITTEN_IDS, ids)
            constants = {key: value for key, value in compiled.params.items() if value is not None}
            found = _Compiled(text, compiled.positiontup or (), constants)
            self._compiled[dialect.name, num_ids] = found
        return found


async def _fetch_all(driver: Any, text: str, given: list[Any]) -> Rows:
    """Run a statement on a connection that an event loop waits for."""
    async with driver.cursor() as cursor:
        await cursor.execute(text, given)
        rows: Rows = await cursor.fetchall()
        return rows


def _round_up(number: int) -> int:
    """Return the next of 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on."""
    power: int = 1 << (number - 1).bit_length()
    less = power * 3 // 4
    return less if number <= less else power


def to_instant(value: Any) -> datetime | None:
    """Read an instant as a driver gives it: text on SQLite, naive UTC on MySQL."""
    if value is None:
        return None
    naive = datetime.fromisoformat(value) if isinstance(value, str) else value
    return naive.replace(tzinfo=UTC)


def from_instant(instant: datetime) -> str:
    """Write an instant as both databases compare it."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
