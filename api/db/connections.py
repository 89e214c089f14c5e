"""Database connections in three modes: held and synchronous, in threads, or asynchronous on the event loop.

A file is read at once: that is a matter of microseconds, which the way through a thread would double. MySQL is waited
for by the event loop: a read in a thread asks for the interpreter's lock at each packet, and a busy loop lets go of it
every few milliseconds, so that pages would wait longer for each other than for MySQL. Reads that take their time go to
threads.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.db.statements import Script

MOST_CONNECTIONS = 8

MOST_IDLE_SECONDS = 60.0
"""A connection that nobody used for this long is not trusted again: the server hangs up on idle ones."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class HeldConnection:
    """One connection to a file, in the caller's own thread."""

    def __init__(self, engine: Engine):
        """Connect to nothing yet."""
        self._engine = engine
        self._connection: Connection | None = None

    def run_now(self, read: Callable[[Connection], Result]) -> Result:
        """Run `read(connection)`, and leave no transaction behind.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database fails.
            sqlite3.Error: it fails in a statement that runs on the driver itself.
        """
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            return read(self._connection)
        finally:
            if self._connection.in_transaction():
                self._connection.rollback()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


class ThreadConnections:
    """The engine's own connections, each read in a thread."""

    def __init__(self, engine: Engine):
        """Connect to nothing yet.

        Args:
            engine: its own time-outs free a stuck thread soon after its caller has gone.
        """
        self._engine = engine
        self._threads = ThreadPoolExecutor(MOST_CONNECTIONS, thread_name_prefix="database-reader")

    async def run(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run `read(connection, ...)`; who gives up leaves the thread to end by itself.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database fails.
        """

        def connect_and_read() -> Result:
            with self._engine.connect() as connection:
                return read(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, connect_and_read)

    def close(self) -> None:
        """Let go of threads and connections without waiting for a stuck one."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()


class LoopConnections:
    """A few connections that the event loop waits for. Used from one thread, the loop's."""

    def __init__(self, engine: AsyncEngine):
        """Connect to nothing yet.

        Args:
            engine: opens the connections (`shop.database.open_loop_engine`).
        """
        self._engine = engine
        self._free: list[tuple[AsyncConnection, float]] = []
        self._slots = asyncio.Semaphore(MOST_CONNECTIONS)

    async def run(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run `read(connection, ...)`; the loop goes on while it waits for MySQL.

        A server that was started anew has hung up on the connections from before, which only a read finds out: it is
        run again, on a new one.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database fails.
            asyncmy.errors.MySQLError: it fails in a statement that runs on the driver itself.
        """
        async with self._slots:
            if (kept := self._take_kept()) is not None:
                try:
                    return await self._run_on(kept, read, *args, **kwargs)
                except Exception as err:
                    if not self._is_lost(err):
                        raise
            return await self._run_on(await self._connect(), read, *args, **kwargs)

    def close(self) -> None:
        """Hang up on all connections that nobody uses."""
        self._hang_up_all()
        self._engine.sync_engine.dispose()

    async def _connect(self) -> AsyncConnection:
        """Open a connection, unless the caller was cancelled meanwhile.

        The driver connects by `asyncio.wait_for`, which in Python 3.11 forgets a cancellation that comes just when the
        connection is there: a task that was to end would go on for ever.
        """
        connection = await self._engine.connect()
        if (caller := asyncio.current_task()) is not None and caller.cancelling():
            _hang_up(connection)
            raise asyncio.CancelledError
        return connection

    async def _run_on(
        self,
        connection: AsyncConnection,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        try:
            if isinstance(read, Script) and connection.sync_connection is not None:
                result: Result = await read.run(connection.sync_connection, *args, **kwargs)
            else:
                result = await connection.run_sync(read, *args, **kwargs)
        except BaseException:  # an answer may still be on its way, also to a caller that gave up
            _hang_up(connection)
            self._hang_up_all()  # the others go to the same server
            raise
        self._free.append((connection, time.monotonic()))
        return result

    def _take_kept(self) -> AsyncConnection | None:
        if not self._free:
            return None
        connection, used_at = self._free.pop()
        if time.monotonic() - used_at < MOST_IDLE_SECONDS:
            return connection
        _hang_up(connection)
        self._hang_up_all()  # the last one to be used was the first to be taken
        return None

    def _is_lost(self, error: Exception) -> bool:
        """Return whether an error says that the connection is gone; the driver's own come without SQLAlchemy's word."""
        if isinstance(error, DBAPIError):
            return error.connection_invalidated
        dialect: Any = self._engine.dialect
        return bool(dialect.is_disconnect(error, None, None))

    def _hang_up_all(self) -> None:
        while self._free:
            _hang_up(self._free.pop()[0])


def _hang_up(connection: AsyncConnection) -> None:
    """Close a connection without a word to the server, which may not listen."""
    if connection.sync_connection is not None:
        connection.sync_connection.invalidate()
        connection.sync_connection.close()
