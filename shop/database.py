"""Database engines for the shop, SQLite or MySQL, with the same guarantees on both.

Every session runs in UTC, every wait has a limit, foreign keys hold, and files of the client are never sent.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from shop.failures import describe

logger = logging.getLogger(__name__)

POOL_RECYCLE_SECONDS = 1800

KEPT_STATEMENTS = 128
"""Statements that the server keeps prepared for a connection of an event loop: it takes a known one apart no more."""

_SESSION = {
    "charset": "utf8mb4",
    "init_command": "SET time_zone='+00:00'",
    "local_infile": False,
}
"""What every session of MySQL has, whatever the driver."""


def open_engine(
    url: str | URL,
    *,
    read_only: bool = False,
    connect_timeout_seconds: float = 5,
    read_timeout_seconds: float = 30,
    single_statements: bool = False,
    at_odd_text: Callable[[], object] = lambda: logger.warning("text of the shop is not UTF-8"),
) -> Engine:
    """Make an engine; nothing is connected yet.

    Args:
        url: SQLAlchemy URL, `sqlite:///path` or `mysql+pymysql://user:password@host:port/name`; `?ssl_ca=FILE` demands
            TLS and a certificate of that authority for the host.
        read_only: the database itself refuses writes on these connections.
        connect_timeout_seconds: longest wait for a connection (MySQL).
        read_timeout_seconds: longest wait for an answer (MySQL), or for another writer's lock (SQLite).
        single_statements: each statement stands alone (MySQL): no round trips for transactions.
        at_odd_text: called for each text that is not UTF-8 (SQLite); it is read with replacement characters, so that it
            fails no reading of others.

    Raises:
        ValueError: the URL names another database than SQLite or MySQL, or a file that is not there as `ssl_ca`.
    """
    parsed = make_url(url)
    _require_authority(parsed)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, read_only, read_timeout_seconds, at_odd_text)
    if parsed.get_backend_name() in ("mysql", "mariadb"):
        return _open_mysql(parsed, read_only, connect_timeout_seconds, read_timeout_seconds, single_statements)
    raise ValueError(f"the shop lives in SQLite or MySQL, not {parsed.get_backend_name()!r}; set SHOP_DATABASE_URL")


def open_loop_engine(url: str | URL, *, connect_timeout_seconds: float = 5) -> AsyncEngine:
    """Make an engine for reading MySQL that an event loop waits on: each statement alone, and no pool.

    Answers have no time limit of their own: a caller that gives up cancels the read, which ends its connection.

    Args:
        url: SQLAlchemy URL, `mysql+pymysql://user:password@host:port/name`; the driver is another one (asyncmy).
        connect_timeout_seconds: longest wait for a connection.

    Raises:
        ValueError: the URL names a file that is not there as `ssl_ca`.
    """
    parsed = make_url(url)
    _require_authority(parsed)
    engine = create_async_engine(
        parsed.set(drivername="mysql+asyncmy"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        connect_args={
            **_SESSION,
            "connect_timeout": connect_timeout_seconds,
            "stmt_cache_size": KEPT_STATEMENTS,
        },
    )
    event.listen(engine.sync_engine, "connect", _forbid_writes)
    return engine


@contextmanager
def session_scope(engine: Engine) -> Iterator[Session]:
    """Run a block in one transaction for writing: committed at its end, rolled back when it raises.

    On SQLite the write lock is taken at the start, so that a read followed by a write cannot lose its snapshot.
    """
    with Session(engine.execution_options(sqlite_begin="IMMEDIATE")) as session, session.begin():
        yield session


class ShopFailedError(Exception):
    """The shop's database failed, in one line: which one, without its password, what it said and what to do."""


@contextmanager
def engine_scope(engine: Engine) -> Iterator[Engine]:
    """Run a command's block on an engine, whose connections are closed at its end.

    Raises:
        ShopFailedError: the database failed within the block.
    """
    try:
        yield engine
    except SQLAlchemyError as err:
        raise ShopFailedError(f"{name_database(engine)}: {describe(err)}") from err
    finally:
        engine.dispose()


def name_database(engine: Engine) -> str:
    """Write a database's URL for a person: without its password, and folders as they are called."""
    return unquote(engine.url.render_as_string(hide_password=True))


def _require_authority(url: URL) -> None:
    """Refuse a URL whose `ssl_ca` cannot be read, before a driver fails on it without naming it."""
    authority = url.query.get("ssl_ca")
    if authority is not None and not Path(str(authority)).is_file():
        raise ValueError(f"ssl_ca in the database's URL names {authority!r}, which is no file: correct it")


def _dump_json(value: Any) -> str:
    """Write JSON compactly; NaN is refused, since JSON has none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _open_sqlite(url: URL, read_only: bool, busy_timeout_seconds: float, at_odd_text: Callable[[], object]) -> Engine:
    """Open a file in WAL mode, so that readers and the one writer do not wait for each other."""
    path = url.database
    if path and path != ":memory:" and not read_only and not path.startswith("file:"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    if read_only and path and not path.startswith("file:"):
        url = url.set(database=f"file:{quote(str(Path(path).absolute()))}", query={"mode": "ro", "uri": "true"})
    engine = create_engine(url, connect_args={"timeout": busy_timeout_seconds}, json_serializer=_dump_json)

    def decode(text: bytes) -> str:
        try:
            return text.decode()
        except UnicodeDecodeError:
            at_odd_text()
            return text.decode(errors="replace")

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.text_factory = decode
        connection.isolation_level = None  # the driver would begin late and commit DDL on its own
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA query_only=ON" if read_only else "PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        kind = "DEFERRED" if read_only else connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine


def _open_mysql(
    url: URL, read_only: bool, connect_timeout_seconds: float, read_timeout_seconds: float, single_statements: bool
) -> Engine:
    """Open a pool of UTC sessions, under READ COMMITTED or each statement alone."""
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT" if single_statements else "READ COMMITTED",
        json_serializer=_dump_json,
        pool_pre_ping=True,
        pool_reset_on_return=None if single_statements else "rollback",
        pool_recycle=POOL_RECYCLE_SECONDS,
        connect_args={
            **_SESSION,
            "connect_timeout": connect_timeout_seconds,
            "read_timeout": read_timeout_seconds,
            "write_timeout": read_timeout_seconds,
        },
    )

    if read_only:
        event.listen(engine, "connect", _forbid_writes)
    return engine


def _forbid_writes(connection: Any, _record: Any) -> None:
    """Let a MySQL session refuse writes."""
    cursor = connection.cursor()
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    cursor.close()
