"""Rows of the copy: read by key, put in place of others, deleted. Each transaction is short: pages and events go on."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select, update

from shop.catalogue.source import ROWS_AT_ONCE, Row
from shop.catalogue.tables import CopiedTable
from shop.mapping.canonical import UPDATED_AT
from shop.tables import CatalogueCopy, server_now


@dataclass(frozen=True)
class CopyState:
    """How far a table has been copied; see `CatalogueCopy`."""

    read_until: datetime
    compared_at: datetime
    fingerprint: str
    num_set_aside: int


class StoredTable:
    """The copy of one table."""

    def __init__(self, engine: Engine, table: CopiedTable):
        """Read nothing yet.

        Args:
            engine: the platform's database.
            table: which one.
        """
        self._engine = engine
        self._table = table
        self._target = table.describe()
        self._key = self._target.c[table.key]
        self._columns = [self._target.c[field.name] for field in table.fields]

    def read(self, keys: Collection[int]) -> dict[int, Row]:
        """Read the rows with these keys, at most some thousand."""
        return self._read(select(*self._columns).where(self._key.in_(keys)))

    def read_between(self, after: int | None, last: int) -> dict[int, Row]:
        """Read the rows with keys in `(after, last]`."""
        query = select(*self._columns).where(self._key <= last)
        return self._read(query if after is None else query.where(self._key > after))

    def list_keys(self, after: int | None) -> Iterator[int]:
        """List the keys beyond one, or all."""
        query = select(self._key)
        with self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=ROWS_AT_ONCE)
            yield from streamed.scalars(query if after is None else query.where(self._key > after))

    def replace(self, rows: dict[int, Row]) -> None:
        """Put rows in place of those with their keys, stamped with the database's time where they are whole.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: none of them was written.
        """
        if rows:
            names = [field.name for field in self._table.fields]
            with self._begin() as connection:
                connection.execute(delete(self._target).where(self._key.in_(list(rows))))
                stamp = {UPDATED_AT: connection.scalar(select(server_now()))} if self._table.is_whole else {}
                given = [dict(zip(names, row, strict=True)) | stamp for row in rows.values()]
                connection.execute(insert(self._target), given)

    def delete(self, keys: Collection[int]) -> None:
        """Delete the rows with these keys."""
        going = list(keys)
        for start in range(0, len(going), ROWS_AT_ONCE):
            with self._begin() as connection:
                connection.execute(delete(self._target).where(self._key.in_(going[start : start + ROWS_AT_ONCE])))

    def count(self) -> int:
        """Count the rows."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(self._target)) or 0

    def read_state(self) -> CopyState | None:
        """Return what the last rounds noted; None if all rows have yet to be compared."""
        query = select(CatalogueCopy).where(CatalogueCopy.name == self._table.name)
        with self._engine.connect() as connection:
            noted = connection.execute(query).first()
        if noted is None or None in (noted.read_until, noted.compared_at, noted.fingerprint):
            return None
        return CopyState(noted.read_until, noted.compared_at, noted.fingerprint, noted.num_set_aside)

    def note(self, copied_at: datetime, state: CopyState) -> None:
        """Note that the copy is up to date.

        Args:
            copied_at: when the round began, by this side's clock.
            state: what the next round builds on.
        """
        ours = CatalogueCopy.name == self._table.name
        changes = {"copied_at": copied_at, **asdict(state)}
        with self._begin() as connection:
            if connection.execute(select(CatalogueCopy.name).where(ours)).first() is None:
                connection.execute(insert(CatalogueCopy).values({"name": self._table.name} | changes))
            else:
                connection.execute(update(CatalogueCopy).where(ours).values(changes))

    def _read(self, query: Select[Any]) -> dict[int, Row]:
        place = self._table.key_place
        with self._engine.connect() as connection:
            return {row[place]: tuple(row) for row in connection.execute(query)}

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
            yield connection
