"""Session on the shop's server: one consistent read-only snapshot, within limits that the server itself keeps.

Needs SELECT on the shop and nothing else. Works on MySQL (InnoDB) and SQLite (WAL).
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from features.sync.source.sql import MYSQL, SQLITE, Dialect
from shop.database import name_database
from shop.failures import STATEMENT_TOO_LONG, find_number

# The server holds a whole packed page in memory and sends it as one value, so both sides of the wire bound its size.
PAGE_BYTES = 32 * 2**20

STATEMENT_SECONDS = 10.0
"""Longest work of the server on a statement: below the read time-out, so that nothing runs on after this side left."""
IDLE_SECONDS = 60
"""How long the server keeps the session, and what it locks, when this side is silent (frozen, or cut off)."""
LOCK_SECONDS = 10
SNAPSHOT_SECONDS = 3600.0
"""Longest life of a snapshot, for which the server keeps old rows."""


class SourceError(Exception):
    """The shop cannot be synced as it is; the message names what is wrong, and nothing was written."""


@dataclass
class ShopSession:
    """A connection that reads a shop as it was at one instant, which the server's own clock bounds from below.

    Attributes:
        connection: in the snapshot; threads use it one at a time.
        dialect: how the server spells the SQL of hop 1.
        bound: the server's clock just before the snapshot began.
        page_bytes: longest value that the server sends whole.
        heard: called after each answer.
    """

    connection: Connection
    dialect: Dialect
    bound: datetime
    page_bytes: int = PAGE_BYTES
    heard: Callable[[], None] = lambda: None
    _one_at_a_time: Lock = field(default_factory=Lock)
    _begun: float = field(default_factory=time.monotonic)
    _answered: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """Name server and database for a person."""
        if self.dialect is SQLITE:
            return name_database(self.connection.engine)
        host, port, number, database = self.fetch("SELECT @@hostname, @@port, @@server_id, DATABASE()")
        return f"database {database} of the server {host}:{port} (server_id {number})"

    @property
    def identity(self) -> str:
        """Name server and database as no others are named: by an id of the server's own, not by its address.

        MariaDB has its id since 10.5.26; one without goes by its address. A SQLite file goes by its path.
        """
        if self.dialect is SQLITE:
            (path,) = self.fetch("SELECT file FROM pragma_database_list WHERE name = 'main'")
            return f"sqlite:{path}"
        ids = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid')"
        found = [f"{name}={value}" for name, value in self.fetch_all(ids)]
        host, port, database = self.fetch("SELECT @@hostname, @@port, DATABASE()")
        return f"{found[0] if found else f'address={host}:{port}'} database={database}"

    def keep_alive(self, after_seconds: float = 0.0) -> None:
        """Let the server hear something during long work on this side, if it has been silent for so long."""
        if time.monotonic() - self._answered >= after_seconds:
            self.fetch("SELECT 1")

    def fetch(self, sql: str) -> tuple[Any, ...]:
        """Fetch the only row of a statement.

        Raises:
            SourceError: the snapshot is too old to be read on.
        """
        (row,) = self.fetch_all(sql)
        return row

    def fetch_all(self, sql: str) -> list[tuple[Any, ...]]:
        """Fetch all rows of a statement.

        Raises:
            SourceError: the snapshot is too old to be read on.
        """
        if time.monotonic() - self._begun > SNAPSHOT_SECONDS:
            raise SourceError(
                f"The sync has read one snapshot of the shop for {SNAPSHOT_SECONDS / 60:.0f} minutes and gives it up, "
                "since the server keeps old rows for it: run it against a replica, or when the shop is quieter."
            )
        with self._one_at_a_time:
            rows = [tuple(row) for row in self.connection.exec_driver_sql(sql)]
            self._answered = time.monotonic()
        self.heard()
        return rows

    def try_fetch(self, sql: str) -> tuple[Any, ...] | None:
        """Fetch the only row of a statement, or None when the server took longer than it may."""
        try:
            return self.fetch(sql)
        except DBAPIError as error:
            if find_number(error) not in STATEMENT_TOO_LONG:
                raise
            self.heard()
            return None


@contextmanager
def open_session(engine: Engine, heard: Callable[[], None] = lambda: None) -> Iterator[ShopSession]:
    """Hold one read-only snapshot of the shop for the length of the block.

    The bound is read before the snapshot begins, so whatever committed in between is read again by the next run.

    Args:
        engine: the shop.
        heard: called after each answer of the database.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            driver.create_function("SHA2", 2, _sha2, deterministic=True)  # type: ignore[union-attr]
            now = connection.exec_driver_sql("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").scalar_one()
            connection.exec_driver_sql("SELECT COUNT(*) FROM sqlite_schema")  # the first read fixes the snapshot
            yield ShopSession(connection, SQLITE, datetime.fromisoformat(now).replace(tzinfo=UTC), heard=heard)
        return
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        bound = connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6)").scalar_one().replace(tzinfo=UTC)
        packet = int(connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one())
        page_bytes = min(PAGE_BYTES, packet - 1024)
        connection.exec_driver_sql(
            f"SET SESSION group_concat_max_len = {page_bytes}, time_zone = '+00:00', "
            f"character_set_connection = binary, wait_timeout = {IDLE_SECONDS}, net_write_timeout = {IDLE_SECONDS}, "
            f"lock_wait_timeout = {LOCK_SECONDS}, {limit_statements(engine)}"
        )
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        heard()
        try:
            yield ShopSession(connection, MYSQL, bound, page_bytes, heard)
        finally:
            connection.invalidate()  # the session's settings are not for others


def limit_statements(engine: Engine) -> str:
    """Write how a session's statements are held to `STATEMENT_SECONDS` by the server itself."""
    if getattr(engine.dialect, "is_mariadb", False):
        return f"max_statement_time = {STATEMENT_SECONDS}"
    return f"max_execution_time = {int(STATEMENT_SECONDS * 1000)}"


def _sha2(text: bytes | str, num_bits: int) -> str:
    """Stand in for MySQL's function of that name, which SQLite lacks."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.new(f"sha{num_bits:d}", data).hexdigest()
