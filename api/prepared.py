"""Statements of the busiest pages, compiled once: what is run is the driver's own SQL, what comes back plain tuples.

Building and typing a statement anew costs more than SQLite needs to answer it. Values come as the driver gives them;
`to_instant` reads instants.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Select
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A SELECT with named parameters."""

    def __init__(self, statement: Select[Any]):
        """Keep the statement; it is compiled for each kind of database when it is first run there."""
        self._statement = statement
        self._compiled: dict[str, SQLCompiler] = {}

    def fetch(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Row[*tuple[Any, ...]]]:
        """Run the statement and give all rows.

        Args:
            connection: to the shop's database.
            values: a value for each named parameter, as the driver takes it.
        """
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        given = {name: values.get(name, constant) for name, constant in compiled.params.items()}
        names = compiled.positiontup
        parameters = given if names is None else tuple(given[name] for name in names)
        return connection.exec_driver_sql(compiled.string, parameters).all()

    def _compile(self, dialect: Dialect) -> SQLCompiler:
        compiled = self._statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._compiled[dialect.name] = compiled
        return compiled


def to_instant(value: Any) -> datetime | None:
    """Read an instant as a driver gives it: text on SQLite, naive UTC on MySQL."""
    if value is None:
        return None
    naive = datetime.fromisoformat(value) if isinstance(value, str) else value
    return naive.replace(tzinfo=UTC)


def from_instant(instant: datetime) -> str:
    """Write an instant as both databases compare it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
