"""Find processes of ours that lost their parents, and end processes."""

import os
import re
from datetime import datetime
from pathlib import Path

import psutil

SPAWNED = re.compile(r"^(\S+ \S+),\d+ INFO spawned: '.+' with pid (\d+)$", re.MULTILINE)
SAME_BIRTH_SECONDS = 3.0  # between the log's line and the kernel's birth date; a reused pid is born at another time
MARKER = "SUPERVISOR_SERVER_URL"  # supervisord sets it in every process that it starts; their children inherit it


def find_marked(server_url: str) -> list[psutil.Process]:
    """List this user's other processes that were started under the `supervisord` with that address, dead or alive."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _mark(process) == server_url]


def find_logged(supervisor_log: Path) -> list[psutil.Process]:
    """List the processes that Supervisor's log says it started and that still live, with all their descendants.

    Programs that rewrite their title (Airflow's do) wipe the mark, so the log is the second witness.
    """
    if not supervisor_log.exists():
        return []
    found = []
    for written, pid in SPAWNED.findall(supervisor_log.read_text(encoding="utf-8", errors="replace")):
        born = datetime.fromisoformat(written).timestamp()
        try:
            process = psutil.Process(int(pid))
            if abs(process.create_time() - born) < SAME_BIRTH_SECONDS:
                found += [process, *process.children(recursive=True)]
        except psutil.Error:
            continue
    return [process for process in found if process.pid != os.getpid()]


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process runs; one that has ended and was not waited for does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_alive_pid(pid: int) -> bool:
    """Return whether a process of that number runs."""
    try:
        return is_alive(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def find_listener(port: int, root_pid: int) -> int | None:
    """Return which process at or below another one listens on a port, `None` if none does."""
    try:
        root = psutil.Process(root_pid)
        for process in [root, *root.children(recursive=True)]:
            if any(c.status == psutil.CONN_LISTEN and c.laddr[1] == port for c in process.net_connections("tcp")):
                return int(process.pid)
    except psutil.Error:
        return None
    return None


def end_processes(processes: list[psutil.Process], *, patience_seconds: float = 5.0) -> None:
    """Ask processes to stop, and insist once the patience is over."""
    for process in processes:
        _signal(process, "terminate")
    _, alive = psutil.wait_procs(processes, timeout=patience_seconds)
    for process in alive:
        _signal(process, "kill")
    psutil.wait_procs(alive, timeout=patience_seconds)


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARKER)
    except (psutil.Error, OSError):
        return None


def _signal(process: psutil.Process, method: str) -> None:
    try:
        getattr(process, method)()
    except psutil.NoSuchProcess:
        return
