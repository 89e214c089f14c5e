"""Reads of the shop's database under a deadline: a slow or dead database costs an answer at most that long."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, PoolProxiedConnection
from sqlalchemy.exc import SQLAlchemyError

from api.breaker import CircuitBreaker

THREADS = 8

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class ShopUnavailableError(Exception):
    """The shop's database cannot be read in time; answer from the local copy."""


class ShopReader:
    """Runs reading functions in threads, each with a connection, within the deadline, behind a circuit breaker."""

    def __init__(self, engine: Engine, deadline_seconds: float, *, is_brief: bool = False):
        """Open nothing yet.

        Args:
            engine: a read-only engine, whose own time-outs are longer than the deadline but short.
            deadline_seconds: longest wait of a caller.
            is_brief: every read is a matter of microseconds on a file, which the way through a thread would double:
                SQLite is then read in the caller's own thread.
        """
        self._watching: PoolProxiedConnection | None = None
        self._is_direct = is_brief and engine.dialect.name == "sqlite"
        self._engine = engine
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
        if not self.breaker.allows():
            raise ShopUnavailableError(self.breaker.last_failure)
        try:
            if self._is_direct:
                result = self._read(read, *args, **kwargs)
            else:
                result = await self._read_in_thread(read, *args, **kwargs)
        except TimeoutError as err:
            raise self._fail(f"no answer within {self._deadline_seconds * 1000:.0f} ms", err) from err
        except SQLAlchemyError as err:
            cause = getattr(err, "orig", None) or err
            raise self._fail(f"fails with {type(cause).__name__}", cause) from err
        self.breaker.succeed()
        return result

    def read_mark(self) -> int | None:
        """Read what changes whenever anything in the database does; `None` where nothing tells (MySQL).

        Raises:
            ShopUnavailableError: the database fails.
        """
        if not self._is_direct:
            return None
        try:
            if self._watching is None:
                self._watching = self._engine.raw_connection()
            [(mark,)] = self._watching.driver_connection.execute("PRAGMA data_version")  # type: ignore[union-attr]
        except (SQLAlchemyError, sqlite3.Error) as err:
            raise self._fail(f"fails with {type(err).__name__}", err) from err
        return int(mark)

    def close(self) -> None:
        """Let go of threads and connections without waiting for a stuck one."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._watching is not None:
            self._watching.close()
        self._engine.dispose()

    async def _read_in_thread(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._threads, lambda: self._read(read, *args, **kwargs))
        async with asyncio.timeout(self._deadline_seconds):
            return await call

    def _read(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        with self._engine.connect() as connection:
            return read(connection, *args, **kwargs)

    def _fail(self, reason: str, cause: BaseException) -> ShopUnavailableError:
        """Note a failure. What the database said goes to the log, never into an answer."""
        was_open = self.breaker.is_open
        self.breaker.fail(reason)
        if not was_open:
            logger.warning("shop database %s cause=%r is_open=%s", reason, str(cause), self.breaker.is_open)
        return ShopUnavailableError(reason)
