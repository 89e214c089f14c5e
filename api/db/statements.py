"""Prepared statements of the busiest pages, compiled once; they return plain tuples.

Building and typing a statement anew costs more than the database needs to answer it. Values come as the driver gives
them; `to_instant` reads instants. A `Script` puts statements together to a read that an event loop waits for without
a stack of its own for it.
"""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

import orjson
from sqlalchemy import BindParameter, CompoundSelect, Connection, Dialect, Select, bindparam
from sqlalchemy.util import await_only

IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""The one list of ids that a statement may ask for, as in `Product.product_id.in_(IDS)`."""

Id = int | str
"""What may stand in that list: ids, or what else rows are found by."""

NOBODYS_ID = -1
"""Stands for an empty list of ids, which MySQL cannot write."""

ANY_NUMBER = 0
"""Stands for ids that come as one parameter however many they are."""

_WRITTEN_IDS = "__[POSTCOMPILE_ids]"
_IDS_AS_JSON = "SELECT value FROM json_each(:ids)"

Rows = Sequence[tuple[Any, ...]]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Compiled(NamedTuple):
    """A statement as a driver takes it: its text, its parameters in order, and values of those that never change."""

    text: str
    names: Sequence[str]
    constants: Mapping[str, Any]


class Prepared:
    """A SELECT, or several put together, with named parameters and at most one list of ids, `IDS`."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]):
        """Keep the statement; it is compiled for each kind of database when it is first run there."""
        self._statement = statement
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def execute(
        self, connection: Connection, values: Mapping[str, Any] | None = None, ids: Collection[Id] = ()
    ) -> Rows:
        """Run the statement and give all rows.

        Args:
            connection: to the shop's database.
            values: a value for each named parameter, as the driver takes it.
            ids: what `IDS` stands for.
        """
        if connection.dialect.name == "sqlite":
            return self._execute_on_file(connection, values or {}, list(ids))
        text, given = self._bind(connection.dialect, values or {}, list(ids))
        if connection.dialect.is_async:
            return await_only(_fetch_all(connection.connection.driver_connection, text, given))
        return connection.exec_driver_sql(text, tuple(given)).all()

    def ask(self, values: Mapping[str, Any] | None = None, ids: Collection[Id] = ()) -> "Asked":
        """Say for a `Script` what to run; the arguments are those of `execute`."""
        return Asked(self, values or {}, ids)

    async def fetch(self, connection: Connection, values: Mapping[str, Any], ids: Collection[Id]) -> Rows:
        """Do as `execute` does on a connection that the event loop waits for."""
        text, given = self._bind(connection.dialect, values, list(ids))
        return await _fetch_all(connection.connection.driver_connection, text, given)

    def _execute_on_file(self, connection: Connection, values: Mapping[str, Any], ids: list[Id]) -> Rows:
        """Pass the ids as one parameter however many they are, so that the file's own cache knows the statement."""
        is_one = len(ids) == 1
        compiled = self._compile(connection.dialect, "named", 1 if is_one else ANY_NUMBER)
        given = {**compiled.constants, **values, "ids": ids[0] if is_one else orjson.dumps(ids).decode()}
        driver: Any = connection.connection.driver_connection
        rows: Rows = driver.execute(compiled.text, given).fetchall()
        return rows

    def _bind(self, dialect: Dialect, values: Mapping[str, Any], ids: list[Id]) -> tuple[str, list[Any]]:
        """Write the statement for a server, and its parameters in order.

        The ids are filled up to one of a few lengths with the last one, so that the server knows the statement.
        """
        ids = ids or [NOBODYS_ID]
        length = _round_up(len(ids))
        compiled = self._compile(dialect, "format", length)
        ids += ids[-1:] * (length - len(ids))
        constants = compiled.constants
        given: list[Any] = []
        for name in compiled.names:
            if name == "ids":
                given += ids
            else:
                given.append(values[name] if name in values else constants[name])
        return compiled.text, given

    def _compile(self, dialect: Dialect, style: str, num_ids: int) -> _Compiled:
        """Write the statement for a kind of database and so many ids, if that was not done before."""
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


class Asked(NamedTuple):
    """A statement that a script wants to be run, with the values of its parameters and what `IDS` stands for."""

    statement: Prepared
    values: Mapping[str, Any]
    ids: Collection[Id]


class Script(Generic[Arguments, Result]):
    """A read as a generator: it yields what it asks, is sent the rows, and returns what it found.

    It is called with a connection first, as any reading function is. An event loop runs it on the driver itself: any
    other reading function needs a greenlet there, whose stack costs as much as the read.
    """

    def __init__(self, steps: Callable[Arguments, Generator[Asked, Rows, Result]]):
        """Take the generator function; as a decorator, too."""
        self.steps = steps
        update_wrapper(self, steps)

    def __call__(self, connection: Connection, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Run the script's statements on a connection, and return what it found."""
        steps = self.steps(*args, **kwargs)
        try:
            asked = next(steps)
            while True:
                asked = steps.send(asked.statement.execute(connection, asked.values, asked.ids))
        except StopIteration as end:
            return end.value

    async def run(self, connection: Connection, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Do the same on a connection that the event loop waits for."""
        steps = self.steps(*args, **kwargs)
        try:
            asked = next(steps)
            while True:
                asked = steps.send(await asked.statement.fetch(connection, asked.values, asked.ids))
        except StopIteration as end:
            return end.value


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
