"""Database writes under a deadline; a failed one is reported to the caller, who may safely repeat it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, SQLAlchemyError

from api.db.reader import DatabaseUnavailableError, name_failure
from api.db.refusals import RefusalLog
from shop.failures import describe

THREADS = 2
logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class NotWrittenError(DatabaseUnavailableError):
    """A database did not take a write in time, or took it too late to tell; repeat it."""


class RefusedValueError(Exception):
    """The database cannot store a value of this write; repeating it changes nothing."""


class DatabaseWriter:
    """Runs writing functions in threads. Each must be safe to repeat, since a late one may have written after all."""

    def __init__(self, name: str, engine: Engine, deadline_seconds: float):
        """Open nothing yet.

        Args:
            name: whose database it is, for the log.
            engine: an engine that may write.
            deadline_seconds: longest wait of a caller.
        """
        self._name = name
        self._engine = engine
        self._deadline_seconds = deadline_seconds
        self._refusals = RefusalLog()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"{name}-writer")

    async def write(
        self,
        write: Callable[Concatenate[Engine, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run `write(engine, ...)` and give its result.

        Raises:
            NotWrittenError: the database fails or is too slow; sending the same again is safe.
            RefusedValueError: a value does not fit its column.
        """
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._threads, lambda: write(self._engine, *args, **kwargs))
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await call
        except TimeoutError as err:
            raise NotWrittenError(f"not written within {self._deadline_seconds * 1000:.0f} ms") from err
        except DataError as err:
            logger.warning("%s database refuses a value cause=%r", self._name, describe(err))
            raise RefusedValueError(name_failure(err)) from err
        except SQLAlchemyError as err:
            if self._refusals.is_news(err):
                logger.warning("%s database does not take a write cause=%r", self._name, describe(err))
            raise NotWrittenError(f"not written: it {name_failure(err)}") from err

    def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()
