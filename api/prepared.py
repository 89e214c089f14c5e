"""Statements of the busiest pages, compiled once: what is run is the driver's own SQL, what comes back plain tuples.

Building and typing a statement anew costs more than the database needs to answer it. Values come as the driver gives
them; `to_instant` reads instants, `parse_rows` what `json_rows` gathered.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import BindParameter, Connection, Select, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.util import await_only

IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""The one list of ids that a statement may ask for, as in `Product.product_id.in_(IDS)`."""

NOBODYS_ID = -1
"""Stands for an empty list of ids, which MySQL cannot write."""

_WRITTEN_IDS = "(__[POSTCOMPILE_ids])"
_STYLES = {"sqlite": ("named", "(SELECT value FROM json_each(:ids))"), "mysql": ("pyformat", "%(ids)s")}


class json_rows(GenericFunction[str]):  # noqa: N801 - named as SQL has it
    """Gather the columns of all rows in one JSON text.

    The driver of MySQL is written in Python and takes each cell apart by itself: one cell is a tenth of the work of a
    hundred. SQLite does as well either way.
    """

    inherit_cache = True


@compiles(json_rows)
def _for_mysql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"JSON_ARRAYAGG(JSON_ARRAY({compiler.process(element.clauses, **options)}))"


@compiles(json_rows, "sqlite")
def _for_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


class Prepared:
    """A SELECT with named parameters and at most one list of ids, `IDS`."""

    def __init__(self, statement: Select[*tuple[Any, ...]]):
        """Keep the statement; it is compiled for each kind of database when it is first run there."""
        self._statement = statement
        self._compiled: dict[tuple[str, bool], tuple[str, dict[str, Any]]] = {}

    def fetch(
        self, connection: Connection, values: Mapping[str, Any] | None = None, ids: Sequence[int] = ()
    ) -> Sequence[Sequence[Any]]:
        """Run the statement and give all rows.

        Args:
            connection: to the shop's database.
            values: a value for each named parameter, as the driver takes it.
            ids: what `IDS` stands for.
        """
        dialect = connection.dialect.name
        is_one = dialect == "sqlite" and len(ids) == 1
        text, constants = self._compiled.get((dialect, is_one)) or self._compile(connection, is_one=is_one)
        given = {**constants, **values} if values else dict(constants)
        driver: Any = connection.connection.driver_connection
        if dialect == "sqlite":  # one parameter however many ids: the file's own cache knows the statement
            given["ids"] = ids[0] if is_one else orjson.dumps(ids).decode()
            rows: list[Sequence[Any]] = driver.execute(text, given).fetchall()
            return rows
        given["ids"] = tuple(ids) or (NOBODYS_ID,)
        if connection.dialect.is_async:
            return await_only(_fetch_all(driver, text, given))
        return connection.exec_driver_sql(text, given).all()

    def _compile(self, connection: Connection, *, is_one: bool) -> tuple[str, dict[str, Any]]:
        dialect = connection.dialect.name
        style, ids = _STYLES["sqlite" if dialect == "sqlite" else "mysql"]
        if is_one:
            ids = "(:ids)"
        compiled = self._statement.compile(dialect=type(connection.dialect)(paramstyle=style))  # type: ignore[call-arg]
        constants = {key: value for key, value in compiled.params.items() if value is not None}
        self._compiled[dialect, is_one] = (compiled.string.replace(_WRITTEN_IDS, ids), constants)
        return self._compiled[dialect, is_one]


async def _fetch_all(driver: Any, text: str, given: dict[str, Any]) -> Sequence[Sequence[Any]]:
    """Run a statement on a connection that an event loop waits for."""
    async with driver.cursor() as cursor:
        await cursor.execute(text, given)
        rows: Sequence[Sequence[Any]] = await cursor.fetchall()
        return rows


def parse_rows(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Read what `json_rows` gathered; over no rows MySQL gives NULL."""
    parsed: list[list[Any]] = orjson.loads(rows[0][0] or b"[]")
    return parsed


def to_instant(value: Any) -> datetime | None:
    """Read an instant as a driver gives it: text on SQLite, naive UTC on MySQL."""
    if value is None:
        return None
    naive = datetime.fromisoformat(value) if isinstance(value, str) else value
    return naive.replace(tzinfo=UTC)


def from_instant(instant: datetime) -> str:
    """Write an instant as both databases compare it."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
