import logging
import os
import subprocess
import sys

from api.logs import FORMAT, LineFormatter

WRITE_LINES = """
import logging
from api.logs import set_up_logs
set_up_logs()
logging.getLogger("api.middleware").info("first %d", 1)
logging.getLogger("api.middleware").warning("second")
logging.getLogger("elsewhere").info("not ours")
"""


def test_a_line_is_written_as_the_library_would() -> None:
    ours, usual = LineFormatter(FORMAT), logging.Formatter(FORMAT)
    for created in (1_700_000_000.0, 1_700_000_000.9999, 1_700_000_001.0, 1_700_003_600.25, 1_700_000_000.5):
        record = logging.makeLogRecord({"name": "api", "levelname": "INFO", "msg": "page", "created": created})
        record.msecs = created % 1 * 1000

        assert ours.format(record) == usual.format(record)


def test_a_process_logs_its_own_lines_to_stderr() -> None:
    done = subprocess.run([sys.executable, "-c", WRITE_LINES], capture_output=True, text=True, env=dict(os.environ))

    lines = [line.split(" ", 2)[2] for line in done.stderr.splitlines()]
    assert (done.returncode, done.stdout) == (0, "")
    assert lines == ["INFO api.middleware first 1", "WARNING api.middleware second"]
