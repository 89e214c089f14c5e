"""Run a step as `python -m ...` in a fresh interpreter, as a person would run it by hand.

A task that Airflow forks may deadlock once it imports torch, and its memory stays with it; a fresh interpreter has
neither trouble, and a step behaves the same with and without Airflow.
"""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dags.wiring import guard

ROOT = Path(__file__).resolve().parents[2]
GUARD = Path(guard.__file__)
GRACE_SECONDS = 10.0
FINAL = 2
NOTHING_TO_DO = 3
NICENESS = {"training.run": 5}
"""Steps that give way: a training has hours, and a promotion whose lists must be scored beside it has a minute."""

log = logging.getLogger(__name__)


def run_module(
    module: str, *arguments: str, timeout_seconds: float, heard: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Run `python -m module arguments`, its output going to the task's log line by line.

    The step and all that it starts end with the task: at the time-out, when the task is stopped or killed, when it is
    done.

    Args:
        module: module with a command line, whose last line on stdout is a JSON object.
        *arguments: its arguments.
        timeout_seconds: wall-clock limit.
        heard: given the JSON object, also of a step that failed; not called for one that ended without.

    Returns:
        The JSON object.

    Raises:
        TimeoutError: the limit passed.
        AirflowSkipException: the step says that there is nothing to do yet (exit code 3).
        AirflowFailException: trying again would not help (exit code 2): wrong arguments, or rows that stay different.
        RuntimeError: the step failed; the message is what it said last.
        ValueError: the last line is no JSON object.
    """
    shown = show_command(module, *arguments)
    log.info("running %s (limit %.0f s)", shown, timeout_seconds)
    timed_out = threading.Event()
    last_line = ""
    complaints: deque[str] = deque(maxlen=1)
    with subprocess.Popen(
        guarded(module, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        watchdog = threading.Thread(target=_end_in_time, args=(process, timeout_seconds, timed_out), daemon=True)
        listener = threading.Thread(target=_log_lines, args=(process.stderr, complaints), daemon=True)
        watchdog.start()
        listener.start()
        try:
            for line in process.stdout:
                log.info("%s", line.rstrip())
                last_line = line if line.strip() else last_line
            process.wait()
        finally:
            _end_group(process)
            listener.join(timeout=GRACE_SECONDS)
    if timed_out.is_set():
        raise TimeoutError(f"{shown} did not finish within {timeout_seconds:.0f} s and was stopped.")
    report = parse_report(last_line)
    if heard and report is not None:
        heard(report)
    return conclude(shown, process.returncode, last_line, complaints[-1] if complaints else last_line)


def guarded(module: str, *arguments: str) -> list[str]:
    """Compose the command of a step under its guard, which ends it with this process however this process ends."""
    return [sys.executable, str(GUARD), str(NICENESS.get(module, 0)), sys.executable, "-m", module, *arguments]


def show_command(module: str, *arguments: str) -> str:
    """Write a step as a person would type it."""
    return " ".join(["python", "-m", module, *arguments])


def conclude(shown: str, code: int, last_line: str, reason: str) -> dict[str, Any]:
    """Let a task end as its step did, in the step's own words.

    Args:
        shown: the command, for messages.
        code: the step's exit code.
        last_line: what it wrote last on stdout.
        reason: what it said last of all that went wrong.

    Returns:
        The JSON object in the last line.

    Raises:
        AirflowSkipException: there is nothing to do yet (exit code 3).
        AirflowFailException: trying again would not help (exit code 2).
        RuntimeError: the step failed.
        ValueError: the last line is no JSON object.
    """
    told = parse_report(reason) or {}
    said = str(told.get("reason", reason)).strip() or f"{shown} ended with code {code} and said nothing."
    if code == FINAL:
        raise AirflowFailException(said)
    if code == NOTHING_TO_DO:
        raise AirflowSkipException(said)
    if code != 0:
        raise RuntimeError(said if code > 0 else f"{shown} was ended by {signal.Signals(-code).name}. {reason}".strip())
    report = parse_report(last_line)
    if report is None:
        raise ValueError(f"{shown} should end with a line of JSON, its last line is {last_line.strip()!r}.")
    return report


def parse_report(last_line: str) -> dict[str, Any] | None:
    """Read a JSON object from a line; `None` for anything else."""
    with contextlib.suppress(ValueError):
        report = json.loads(last_line)
        return report if isinstance(report, dict) else None
    return None


def _log_lines(stream: IO[str], last: deque[str]) -> None:
    for line in stream:
        log.info("%s", line.rstrip())
        if line.strip():
            last.append(line)


def _end_in_time(process: subprocess.Popen[str], timeout_seconds: float, timed_out: threading.Event) -> None:
    """End what is left of the group once its leader has ended or its time is over: then the reader's pipe closes."""
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        timed_out.set()
    _end_group(process)


def _end_group(process: subprocess.Popen[str]) -> None:
    """Leave nothing of the step behind: its own children too, even if it ended well."""
    if process.poll() is None:
        signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    signal_group(process.pid, signal.SIGKILL)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a step and all that it started; one that has ended needs none."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
