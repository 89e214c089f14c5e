import logging
import subprocess
import sys

from api.web.logs import RequestLog
from command import LOG_FORMAT

WRITE_LINES = """
import logging
from api.web.logs import RequestLog, set_up_logs
set_up_logs()
RequestLog("api.web.middleware").write("GET", "/health", 200, 0.0123, "page-7")
logging.getLogger("api.health").warning("degraded")
logging.getLogger("elsewhere").info("not ours")
logging.getLogger("api").setLevel(logging.WARNING)
RequestLog("api.web.middleware").write("GET", "/health", 200, 0.0123, "page-8")
"""


def test_instants_are_written_as_the_library_writes_them() -> None:
    log, usual = RequestLog("api"), logging.Formatter(LOG_FORMAT)
    for now in (1_700_000_000.0, 1_700_000_000.875, 1_700_000_001.0, 1_700_003_600.25, 1_700_000_000.5):
        record = logging.makeLogRecord({"created": now, "msecs": now % 1 * 1000})

        assert log.stamp(now) == usual.formatTime(record)


def test_requests_and_all_else_have_lines_of_one_form() -> None:
    done = subprocess.run([sys.executable, "-c", WRITE_LINES], capture_output=True, text=True)

    lines = [line.split(" ", 2)[2] for line in done.stderr.splitlines()]
    request = "INFO api.web.middleware request method=GET route=/health status=200 milliseconds=12.3 request_id=page-7"
    assert (done.returncode, done.stdout) == (0, "")
    assert lines == [request, "WARNING api.health degraded"]
