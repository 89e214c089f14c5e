"""Airflow's scheduler in a container: on SIGTERM it ends the steps at work within a grace period.

    python -m deploy.compose.scheduler

Airflow's own waits for its tasks until the container's grace is over and everything is killed. Here each step gets a
SIGTERM at once. A step that ends so fails its task, which Airflow tries again after the next start.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

import psutil

from command import Command, Result

COMMAND = ("airflow", "scheduler", "--skip-serve-logs")
REPEAT_SECONDS = 1.0
GRACE_SECONDS = 14.0
"""From the order to stop until the scheduler is killed: less than `stop_grace_period` in docker-compose.yml."""


class StoppableScheduler:
    """The scheduler's process and the order to end it.

    Args:
        command: that starts it.
    """

    def __init__(self, command: tuple[str, ...] = COMMAND):
        self._process = psutil.Popen(command)
        self._is_stopping = threading.Event()

    def stop(self, _number: int = signal.SIGTERM, _frame: FrameType | None = None) -> None:
        """Tell the scheduler to take nothing new; `wait` does the rest."""
        if not self._is_stopping.is_set():
            self._is_stopping.set()
            self._process.terminate()

    def wait(self) -> int:
        """Wait until the scheduler has ended.

        Returns:
            Its exit code; that of a killed process where it had to be killed.
        """
        while not self._is_stopping.is_set():
            with contextlib.suppress(psutil.TimeoutExpired, subprocess.TimeoutExpired):
                return int(self._process.wait(REPEAT_SECONDS))
        for _ in range(round(GRACE_SECONDS / REPEAT_SECONDS)):
            end_steps(self._process)  # again: a task that was queued already may have begun another
            with contextlib.suppress(psutil.TimeoutExpired, subprocess.TimeoutExpired):
                return int(self._process.wait(REPEAT_SECONDS))
        for process in [*self._process.children(recursive=True), self._process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return int(self._process.wait())


def end_steps(scheduler: psutil.Process) -> int:
    """Ask every step below the scheduler to end: those of `dags/wiring/command.py`, each leading its own session.

    Returns:
        How many were asked.
    """
    count = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in scheduler.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                if leads_a_session(process.pid):
                    process.terminate()
                    count += 1
    return count


def leads_a_session(pid: int) -> bool:
    """Tell whether a process leads a session of its own."""
    return os.getsid(pid) == pid


def main(arguments: list[str] | None = None) -> int:
    """Run the scheduler until it ends or is told to."""
    return Command("deploy.compose.scheduler", __doc__).run(_supervise, arguments)


def _supervise(_options: argparse.Namespace) -> Result:
    scheduler = StoppableScheduler()
    signal.signal(signal.SIGTERM, scheduler.stop)
    signal.signal(signal.SIGINT, scheduler.stop)
    return Result(code=scheduler.wait())


if __name__ == "__main__":
    sys.exit(main())
