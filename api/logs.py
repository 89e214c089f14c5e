"""What the API writes about its requests: one line each, with the request's id and without anything personal."""

import logging
import sys
import time

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def set_up_logs() -> None:
    """Log to stderr. The server's own access log stays silent: it would write down who looked at what."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(FORMAT))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("api").setLevel(logging.INFO)
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
    _leave_out_what_no_line_shows()


class LineFormatter(logging.Formatter):
    """Writes the time as usual, and works out day and hour once a second rather than for each line."""

    def __init__(self, line_format: str):
        """Take the format of a line."""
        super().__init__(line_format)
        self._second = -1
        self._written = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - the library's name
        """Give a record's time of day, to the millisecond."""
        second = int(record.created)
        if second != self._second:
            self._written = time.strftime(datefmt or self.default_time_format, self.converter(second))
            self._second = second
        return f"{self._written},{int(record.msecs):03d}"


def _leave_out_what_no_line_shows() -> None:
    """Spare each line the search for its source, thread and process, as the library's manual advises busy programs."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
