"""Reads of the shop's database under a deadline: a slow or dead database costs an answer at most that long."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
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

    def __init__(self, engine: Engine, deadline_seconds: float, breaker: CircuitBreaker | None = None):
        """Open nothing yet.

        Args:
            engine: a read-only engine, whose own time-outs are longer than the deadline but short.
            deadline_seconds: longest wait of a caller.
            breaker: the breaker to use; a new one if it is None.
        """
        self._engine = engine
        self._deadline_seconds = deadline_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="shop-reader")
        self.breaker = breaker or CircuitBreaker()

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
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._threads, lambda: self._read(read, *args, **kwargs))
        try:
            async with asyncio.timeout(self._deadline_seconds):
                result = await call
        except TimeoutError as err:
            raise self._fail(f"no answer within {self._deadline_seconds * 1000:.0f} ms", err) from err
        except SQLAlchemyError as err:
            cause = getattr(err, "orig", None) or err
            raise self._fail(f"fails with {type(cause).__name__}", cause) from err
        self.breaker.succeed()
        return result

    def close(self) -> None:
        """Let go of threads and connections without waiting for a stuck one."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

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
