"""Connections to MySQL that the event loop itself waits on.

A read in a thread asks for the interpreter's lock at each packet, and a busy loop lets go of it every few milliseconds:
pages then wait longer for each other than for MySQL.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

MOST_CONNECTIONS = 8

MOST_IDLE_SECONDS = 60.0
"""A connection that nobody used for this long is not trusted again: the server hangs up on idle ones."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class LoopConnections:
    """Runs reading functions on a few connections. Used from one thread, the event loop's."""

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

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database fails.
        """
        async with self._slots:
            connection = await self._take()
            try:
                result = await connection.run_sync(read, *args, **kwargs)
            except BaseException:  # an answer may still be on its way, also to a caller that gave up
                _hang_up(connection)
                self.close()  # the others go to the same server
                raise
            self._free.append((connection, time.monotonic()))
            return result

    def close(self) -> None:
        """Hang up on all connections that nobody uses."""
        while self._free:
            _hang_up(self._free.pop()[0])

    async def _take(self) -> AsyncConnection:
        if self._free:
            connection, used_at = self._free.pop()
            if time.monotonic() - used_at < MOST_IDLE_SECONDS:
                return connection
            _hang_up(connection)
            self.close()  # the last one to be used was the first to be taken
        return await self._engine.connect()


def _hang_up(connection: AsyncConnection) -> None:
    """Close a connection without a word to the server, which may not listen."""
    if connection.sync_connection is not None:
        connection.sync_connection.invalidate()
        connection.sync_connection.close()
