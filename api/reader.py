"""Reads of the shop's database under a deadline: a slow or dead database costs an answer at most that long."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from asyncmy.errors import MySQLError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from api.breaker import CircuitBreaker
from api.connections import LoopConnections

THREADS = 8

DATABASE_ERRORS = (SQLAlchemyError, sqlite3.Error, MySQLError)
"""Statements of `api/prepared.py` run on the driver itself, whose errors come as they are."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class ShopUnavailableError(Exception):
    """The shop's database cannot be read in time; answer from the local copy."""


class ShopReader:
    """Runs reading functions within the deadline, behind a circuit breaker: in threads, or in the event loop's own.

    In the event loop's thread a busy process answers sooner, as long as reads are brief: SQLite is read at once, and
    while MySQL reads the loop goes on.
    """

    def __init__(self, engine: Engine | AsyncEngine, deadline_seconds: float, *, is_brief: bool = False):
        """Open nothing yet.

        Args:
            engine: a read-only engine, whose own time-outs are longer than the deadline but short. An asynchronous one
                is waited on in the event loop, the other kind in threads.
            deadline_seconds: longest wait of a caller.
            is_brief: every read of a file is a matter of microseconds, which the way through a thread would double:
                SQLite is then read in the caller's own thread.
        """
        self._held: Connection | None = None
        self._engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
        self._loop_connections = LoopConnections(engine) if isinstance(engine, AsyncEngine) else None
        self.is_direct = is_brief and engine.dialect.name == "sqlite"
        self._deadline_seconds = deadline_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="shop-reader")
        self.breaker = CircuitBreaker()

    async def run(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run `read(connection, ...)` in one transaction and give its result.

        Raises:
            ShopUnavailableError: the database fails, is too slow, or failed a moment ago.
        """
        if self.is_direct:
            return self.read_now(read, *args, **kwargs)
        self._require_closed_circuit()
        try:
            async with asyncio.timeout(self._deadline_seconds):
                if self._loop_connections is not None:
                    result = await self._loop_connections.run(read, *args, **kwargs)
                else:
                    result = await self._read_in_thread(read, *args, **kwargs)
        except TimeoutError as err:
            raise self._fail(f"no answer within {self._deadline_seconds * 1000:.0f} ms", err) from err
        except DATABASE_ERRORS as err:
            raise self._fail_with(err) from err
        self.breaker.succeed()
        return result

    def read_now(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Do as `run` does in the caller's own thread, where reads are direct."""
        self._require_closed_circuit()
        try:
            result = self._read_held(read, *args, **kwargs)
        except DATABASE_ERRORS as err:
            raise self._fail_with(err) from err
        self.breaker.succeed()
        return result

    async def within_deadline(self, reads: Awaitable[Result]) -> Result:
        """Let several reads together take no longer than one may.

        Raises:
            ShopUnavailableError: as `run` does.
        """
        if self.is_direct:  # nothing waits
            return await reads
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await reads
        except TimeoutError as err:
            raise self._fail(f"no answer within {self._deadline_seconds * 1000:.0f} ms", err) from err

    def read_mark(self) -> int | None:
        """Read what changes whenever anything in the database does; `None` where nothing tells (MySQL).

        Raises:
            ShopUnavailableError: the database fails.
        """
        if not self.is_direct:
            return None
        return self.read_now(_read_data_version)

    def close(self) -> None:
        """Let go of threads and connections without waiting for a stuck one."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._held is not None:
            self._held.close()
        if self._loop_connections is not None:
            self._loop_connections.close()
        self._engine.dispose()

    async def _read_in_thread(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self._read(read, *args, **kwargs))

    def _read(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        with self._engine.connect() as connection:
            return read(connection, *args, **kwargs)

    def _read_held(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Read on the one connection of this thread, and leave no transaction behind."""
        if self._held is None:
            self._held = self._engine.connect()
        try:
            return read(self._held, *args, **kwargs)
        finally:
            if self._held.in_transaction():
                self._held.rollback()

    def _require_closed_circuit(self) -> None:
        if not self.breaker.allows():
            raise ShopUnavailableError(self.breaker.last_failure)

    def _fail_with(self, error: Exception) -> ShopUnavailableError:
        cause = getattr(error, "orig", None) or error
        return self._fail(f"fails with {type(cause).__name__}", cause)

    def _fail(self, reason: str, cause: BaseException) -> ShopUnavailableError:
        """Note a failure. What the database said goes to the log, never into an answer."""
        was_open = self.breaker.is_open
        self.breaker.fail(reason)
        if not was_open:
            logger.warning("shop database %s cause=%r is_open=%s", reason, str(cause), self.breaker.is_open)
        return ShopUnavailableError(reason)


def _read_data_version(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    [(version,)] = driver.execute("PRAGMA data_version")
    return int(version)
