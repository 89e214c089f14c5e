"""Access log: one line a request, with the request's id and no personal data."""

import logging
import sys
import time
from contextlib import suppress

from command import LOG_FORMAT


def set_up_logs() -> None:
    """Log to stderr. The server's own access log stays silent: it would write down who looked at what."""
    logging.basicConfig(stream=sys.stderr, format=LOG_FORMAT)
    logging.getLogger("api").setLevel(logging.INFO)
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False


class RequestLog:
    """The lines of requests, in the form of all others.

    They go to stderr past the library's records, formatters and handlers, which take longer than most of what is
    measured here.
    """

    def __init__(self, name: str):
        """Take the logger's name, whose level decides whether anything is written."""
        self._logger = logging.getLogger(name)
        self._second = -1
        self._written = ""

    def write(self, method: str, route: str, status: int, seconds: float, request_id: str) -> None:
        """Write the line of a request that has ended."""
        if not self._logger.isEnabledFor(logging.INFO):
            return
        line = (
            f"{self.stamp(time.time())} INFO {self._logger.name} request method={method} route={route} status={status} "
            f"milliseconds={seconds * 1000:.1f} request_id={request_id}\n"
        )
        with suppress(OSError):  # a log that nobody takes costs no shopper their page
            sys.stderr.write(line)

    def stamp(self, now: float) -> str:
        """Write an instant as `logging` does; day and hour are worked out once a second.

        Args:
            now: seconds since 1970.
        """
        second = int(now)
        if second != self._second:
            self._written = time.strftime(logging.Formatter.default_time_format, time.localtime(second))
            self._second = second
        return f"{self._written},{int(now % 1 * 1000):03d}"
