"""One worker of the API, or of a bare route beside it, for the time of a block, and questions to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import uvloop

from benchmarks.parts.client import Measured, get, pace, press
from benchmarks.parts.faults import find_port

START_SECONDS = 60


@dataclass(frozen=True)
class Worker:
    """A server of one process."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def press(self, paths: list[str], connections: int, seconds: float) -> Measured:
        """Ask as fast as answers come."""
        began = self.cpu_seconds()
        measured = uvloop.run(press(self.port, [get(path) for path in paths], connections, seconds))
        measured.cpu_seconds = self.cpu_seconds() - began
        return measured

    def pace(self, paths: list[str], rate: float, seconds: float) -> Measured:
        """Ask at a steady rate."""
        began = self.cpu_seconds()
        measured = uvloop.run(pace(self.port, [get(path) for path in paths], rate, seconds))
        measured.cpu_seconds = self.cpu_seconds() - began
        return measured


API = ["api.server"]
BARE = ["uvicorn", "benchmarks.parts.bare_api:app", "--log-level", "warning", "--no-access-log"]


@contextmanager
def serve(module: list[str], settings: dict[str, str]) -> Iterator[Worker]:
    """Run one worker of an application until the block ends.

    Args:
        module: what `python -m` runs, `API` or `BARE`.
        settings: of the application.
    """
    port = find_port()
    at_port = {"API_PORT": str(port), "UVICORN_PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-m", *module], env=os.environ | settings | at_port, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(port)
            yield Worker(port, psutil.Process(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/recommendations/home", timeout=5).read()
            return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
