"""Start the services in the order of their dependencies, independent ones at the same time."""

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from deploy.interpreter import SetupError
from deploy.local.part import HealthProbe, Part, SocketProbe
from deploy.local.supervision.processes import find_listener, is_alive_pid
from deploy.local.supervision.supervise import Supervisor
from deploy.progress import Board, Step

POLL_SECONDS = 0.5
MAX_DEATHS = 3
LOG_LINES = 8
FULL_MIB = 50


class PartError(SetupError):
    """A part did not become healthy or did not finish; the message ends with the last lines of its log."""


class _AbandonedError(Exception):
    """Another part failed, so nobody waits for this one any more."""


def start_parts(parts: list[Part], supervisor: Supervisor, board: Board) -> None:
    """Start all parts and return when each service is healthy and each job is done.

    Raises:
        PartError: the first part that failed; those that waited for it were not started.
    """
    done = {part.name: threading.Event() for part in parts}
    abort = threading.Event()
    with ThreadPoolExecutor(max_workers=len(parts)) as pool:
        futures = [pool.submit(_bring_up, part, done, abort, supervisor, board) for part in parts]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            abort.set()
    errors = [error for future in futures if (error := future.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, _AbandonedError)):
        raise error


def is_healthy(health: HealthProbe | SocketProbe, born: float = 0.0) -> bool:
    """Ask a service once.

    Args:
        health: where to ask.
        born: when its process began, seconds since 1970; what an earlier process left counts for nothing.
    """
    if isinstance(health, SocketProbe):
        return health.ask()
    try:
        answer = httpx.get(health.url, timeout=5)
        found: object = answer.json() if health.field else None
    except (httpx.HTTPError, ValueError):
        return False
    if answer.status_code != httpx.codes.OK or (health.field and _dig(found, health.field) != "healthy"):
        return False
    return not health.beat or _to_seconds(_dig(found, health.beat)) >= born


def find_trouble(part: Part, view: Mapping[str, Any]) -> str:
    """Say why a part does not do its work; empty where it does.

    Args:
        part: a service.
        view: Supervisor's of it.
    """
    assert part.health is not None
    if view["statename"] != "RUNNING":
        return str(view["statename"]).lower()
    if not is_alive_pid(view["pid"]):
        return "has ended"  # supervisord has not noticed yet
    if part.port and find_listener(part.port, view["pid"]) is None:
        return f"does not listen on port {part.port}"
    return "" if is_healthy(part.health, view["start"]) else "not healthy"


def _dig(found: object, path: tuple[str, ...]) -> object:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _to_seconds(instant: object) -> float:
    return datetime.fromisoformat(instant).timestamp() if isinstance(instant, str) else 0.0


def last_lines(log: Path, count: int = LOG_LINES) -> str:
    """Return the end of a log file, indented for a message."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-count:])


def _bring_up(
    part: Part, done: dict[str, threading.Event], abort: threading.Event, supervisor: Supervisor, board: Board
) -> None:
    for need in part.needs:
        while need in done and not done[need].wait(POLL_SECONDS):
            if abort.is_set():
                raise _AbandonedError
    with board.step(part.title) as step:
        supervisor.start(part.name)
        finished = _await_job if part.is_job else _await_health
        finished(part, supervisor, abort, step)
    done[part.name].set()


def _await_health(part: Part, supervisor: Supervisor, abort: threading.Event, step: Step) -> None:
    assert part.health is not None
    births = set()
    for _ in _polls(part, supervisor, abort, f"was not healthy ({part.health.url})"):
        view = supervisor.state(part.name)
        births.add(view["start"])
        if not find_trouble(part, view):
            step.note = f"port {part.port}" if part.port else ""
            return
        if len(births) > MAX_DEATHS or view["statename"] == "FATAL":
            raise _failure(part, supervisor, f"ended {len(births)} times instead of starting")


def _await_job(part: Part, supervisor: Supervisor, abort: threading.Event, step: Step) -> None:
    for _ in _polls(part, supervisor, abort, "was not done"):
        view = supervisor.state(part.name)
        step.note = _last_words(part, supervisor)
        if view["statename"] == "EXITED" and view["exitstatus"] == 0:
            return
        if view["statename"] in {"EXITED", "FATAL", "STOPPED", "UNKNOWN"}:
            raise _failure(part, supervisor, f"ended with code {view['exitstatus']}")


def _polls(part: Part, supervisor: Supervisor, abort: threading.Event, complaint: str) -> Iterator[None]:
    """Beat while a part may still come up; raise when its time is over or another part failed."""
    deadline = time.monotonic() + part.limit_seconds
    while not abort.is_set():
        yield
        if time.monotonic() > deadline:
            raise _failure(part, supervisor, f"{complaint} after {part.limit_seconds:.0f} s")
        time.sleep(POLL_SECONDS)
    raise _AbandonedError


def _last_words(part: Part, supervisor: Supervisor) -> str:
    """Return what a job said last, to show beside its step."""
    return last_lines(supervisor.log_path(part.name), 1).strip() if part.speaks else ""


def _failure(part: Part, supervisor: Supervisor, what: str) -> PartError:
    log = supervisor.log_path(part.name)
    return PartError(f"{part.title} {what}. {_disk_note(log.parent)}Its log {log} ends with:\n{last_lines(log)}")


def _disk_note(folder: Path) -> str:
    """Say that the disk is full, since a log that can't be written won't."""
    free_mib = shutil.disk_usage(folder).free / 2**20
    return f"The disk of {folder} is full ({free_mib:.0f} MiB free): free some space. " if free_mib < FULL_MIB else ""
