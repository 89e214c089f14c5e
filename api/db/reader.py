"""Database reads under a deadline, behind a circuit breaker: a slow database delays an answer at most that long.

A database that is slow because the machine is busy is not dead. While the circuit is open, trials in the background
wait longer than any page would; a database that answers one is asked again, with up to twice the deadline until it is
quick. They need no page to begin them: the first one after the database came back is answered.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from asyncmy.errors import MySQLError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from api.db.breaker import CircuitBreaker
from api.db.connections import HeldConnection, LoopConnections, ThreadConnections
from api.db.deadline import Deadline
from api.db.refusals import RefusalLog
from shop.failures import describe, find_number, find_remedy

DATABASE_ERRORS = (SQLAlchemyError, sqlite3.Error, MySQLError)
"""Statements of `api/db/statements.py` run on the driver itself, whose errors come as they are."""

TRIAL_SECONDS = 1.0
"""How long a trial waits for a database that failed."""

MOST_PATIENCE = 2
"""Times the usual deadline that pages wait at most for a database that is known to be slow."""

CALMING = 0.98
"""Share of a longer deadline that stays after each answer: it is the usual one again after some dozen."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class DatabaseUnavailableError(Exception):
    """A database cannot be reached in time; answer from the local fallback, or 503 where there is none."""


class DatabaseReader:
    """Runs reading functions within the deadline, behind a circuit breaker."""

    def __init__(
        self, name: str, connections: HeldConnection | ThreadConnections | LoopConnections, deadline_seconds: float
    ):
        """Read nothing yet.

        Args:
            name: whose database it is, for the log.
            connections: how reads are run; the reader closes them.
            deadline_seconds: longest wait of a caller. What is read at once is not waited for.
        """
        self._name = name
        self._connections = connections
        self._usual_seconds = self._deadline_seconds = deadline_seconds
        self._trials: asyncio.Task[None] | None = None
        self._refusals = RefusalLog()
        self.is_direct = isinstance(connections, HeldConnection)
        self.breaker = CircuitBreaker()

    async def read(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run `read(connection, ...)` in one transaction and give its result.

        Raises:
            DatabaseUnavailableError: the database fails, is too slow, or failed a moment ago.
        """
        if isinstance(self._connections, HeldConnection):
            return self.read_now(read, *args, **kwargs)
        if self.breaker.is_open:
            self._begin_trials()
            raise DatabaseUnavailableError(self.breaker.last_failure)
        try:
            async with Deadline(self._deadline_seconds):
                result = await self._connections.run(read, *args, **kwargs)
        except TimeoutError as err:
            raise self.give_up(err) from err
        except DATABASE_ERRORS as err:
            raise self._fail_with(err) from err
        self.breaker.succeed()
        self._deadline_seconds = max(self._usual_seconds, CALMING * self._deadline_seconds)
        return result

    def read_now(
        self,
        read: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Do as `read` does, at once, where reads are direct."""
        assert isinstance(self._connections, HeldConnection)
        if not self.breaker.allows():
            raise DatabaseUnavailableError(self.breaker.last_failure)
        try:
            result = self._connections.run_now(lambda connection: read(connection, *args, **kwargs))
        except DATABASE_ERRORS as err:
            raise self._fail_with(err) from err
        self.breaker.succeed()
        return result

    @property
    def deadline_seconds(self) -> float:
        """How long a caller waits at the moment."""
        return self._deadline_seconds

    def give_up(self, error: TimeoutError) -> DatabaseUnavailableError:
        """Note that the deadline is over; returns what to raise."""
        return self._fail(f"no answer within {self._deadline_seconds * 1000:.0f} ms", error)

    def read_mark(self) -> int | None:
        """Read what changes whenever anything in the database does; `None` where nothing tells (MySQL).

        Raises:
            DatabaseUnavailableError: the database fails.
        """
        if not self.is_direct:
            return None
        return self.read_now(_read_data_version)

    def close(self) -> None:
        """Let go of the connections without waiting for a stuck one."""
        if self._trials is not None:
            self._trials.cancel()
        self._connections.close()

    def _begin_trials(self) -> None:
        """Let trials run in the background, unless they do, or reads are direct: there the next one is the trial."""
        if not isinstance(self._connections, HeldConnection) and (self._trials is None or self._trials.done()):
            self._trials = asyncio.create_task(self._run_trials(self._connections))

    async def _run_trials(self, connections: ThreadConnections | LoopConnections) -> None:
        """Try again in each pause of the breaker until the circuit is closed."""
        while self.breaker.is_open:
            await asyncio.sleep(self.breaker.pause_seconds)
            await self._run_trial(connections)

    async def _run_trial(self, connections: ThreadConnections | LoopConnections) -> None:
        """Close the circuit if the database answers at all, and let pages wait as long as it takes now."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(TRIAL_SECONDS):
                await connections.run(_read_nothing)
        except TimeoutError as err:
            self._fail(f"no answer within {TRIAL_SECONDS:g} s", err)
        except DATABASE_ERRORS as err:
            self._fail_with(err)
        else:
            self.breaker.succeed()
            took = time.monotonic() - began
            self._deadline_seconds = min(MOST_PATIENCE * self._usual_seconds, max(self._usual_seconds, 2 * took))

    def _fail_with(self, error: Exception) -> DatabaseUnavailableError:
        return self._fail(name_failure(error), error)

    def _fail(self, reason: str, error: BaseException) -> DatabaseUnavailableError:
        """Note a failure. What the database said goes to the log, never into an answer."""
        was_open = self.breaker.is_open
        self.breaker.fail(reason)
        if self.breaker.is_open:
            self._begin_trials()
        if not was_open and self._refusals.is_news(error):
            logger.warning(
                "%s database %s cause=%r is_open=%s", self._name, reason, describe(error), self.breaker.is_open
            )
        return DatabaseUnavailableError(reason)


def name_failure(error: BaseException) -> str:
    """Name what the database did without its words, and what to do if it refuses until somebody does something."""
    remedy = find_remedy(error)
    if remedy is None:
        return f"fails with {type(getattr(error, 'orig', None) or error).__name__}"
    number = find_number(error)
    return f"refuses: {remedy}" if number is None else f"refuses with error {number}: {remedy}"


def _read_nothing(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT 1").all()


def _read_data_version(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    [(version,)] = driver.execute("PRAGMA data_version")
    return int(version)
