"""Retries with jitter against the shop's database, where they can help, within a time budget."""

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from shop.database import name_database
from shop.failures import CONNECTION_ERRORS, describe, find_number, find_remedy, is_transient

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

# The last attempt begins at most PATIENCE + MAX_PAUSE after the last answer. With the time-outs that the command sets
# it is over within 40 s of that answer, however the server hangs.
CONNECT_TIMEOUT_SECONDS = 4.0
READ_TIMEOUT_SECONDS = 15.0
PATIENCE_SECONDS = 18.0
MAX_PAUSE_SECONDS = 2.0
MAX_ATTEMPTS = 10


class UnreachableError(Exception):
    """The shop cannot be reached or does not answer; nothing is lost, the next run starts where this one did."""


class RefusedError(Exception):
    """The shop answers and refuses, as it will until somebody does what the message says; no retry can help."""


def retry_while_unreachable(engines: Sequence[Engine], run: Callable[[Callable[[], None]], Result]) -> Result:
    """Run something against the shop, again with fresh connections when one was lost.

    Args:
        engines: the shop's database, and the platform's if that is another one.
        run: is given a function to call whenever the shop has answered, so that patience begins anew.

    Raises:
        UnreachableError: after `PATIENCE_SECONDS` without an answer, or at once where a retry cannot help.
        RefusedError: the shop refuses, at once.
    """
    last_answer, failed = time.monotonic(), engines[0]

    def hear() -> None:
        nonlocal last_answer
        last_answer = time.monotonic()

    def note(failure: ExceptionContext) -> None:
        nonlocal failed
        failed = failure.engine or failed

    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            with _tell_failures(engines, note):
                return run(hear)
        except (DBAPIError, RuntimeError) as error:  # RuntimeError: pymysql was asked for a file of ours
            if find_remedy(error) is not None:
                raise RefusedError(f"{_name(failed, engines)} refuses the sync: {describe(error)}") from error
            if _is_answer(error):
                hear()
            silence = time.monotonic() - last_answer
            if (
                not (isinstance(error, DBAPIError) and is_transient(error))
                or silence > PATIENCE_SECONDS
                or attempt == MAX_ATTEMPTS
            ):
                raise UnreachableError(_explain(_name(failed, engines), error, silence)) from error
            pause = random.uniform(0.5, 1.0) * min(MAX_PAUSE_SECONDS, 0.5 * 2**attempt)
            logger.warning(
                "shop did not answer attempt=%d retry_in_seconds=%.1f reason=%s", attempt, pause, describe(error)
            )
            time.sleep(pause)
    raise AssertionError("the loop above returns or raises")


@contextmanager
def _tell_failures(engines: Sequence[Engine], note: Callable[[ExceptionContext], None]) -> Iterator[None]:
    """Have each failure of these databases told for the length of the block: an error does not say whose it is."""
    for engine in engines:
        event.listen(engine, "handle_error", note)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "handle_error", note)


def _name(failed: Engine, engines: Sequence[Engine]) -> str:
    return f"The {'shop' if failed is engines[0] else 'platform'} {name_database(failed)}"


def _is_answer(error: BaseException) -> bool:
    """Return whether the server itself said this, as against a connection that could not be had or was lost."""
    number = find_number(error)
    return number is not None and number not in CONNECTION_ERRORS


def _explain(name: str, error: DBAPIError | RuntimeError, silence: float) -> str:
    if _is_answer(error):
        return (
            f"{name} answers, and does not serve the sync: {describe(error).rstrip('.')}. "
            "Nothing was written; look for what else works on its tables and server, then run the sync again."
        )
    return (
        f"{name} did not serve the sync ({describe(error)}; {silence:.0f} s since its last "
        "answer). Check that the server runs and can be reached from here, its URL (SHOP_DATABASE_URL, "
        "PLATFORM_DATABASE_URL) names it, and the account may SELECT."
    )
