"""Find processes of ours that lost their parents, and end processes."""

import re
from datetime import datetime
from pathlib import Path

import psutil

SPAWNED = re.compile(r"^(\S+ \S+),\d+ INFO spawned: '.+' with pid (\d+)$", re.MULTILINE)
SAME_BIRTH_SECONDS = 3.0  # between the log's line and the kernel's birth date; a reused pid is born at another time
MARKER = "SUPERVISOR_SERVER_URL"  # supervisord sets it in every process that it starts; their children inherit it


def find_marked(server_url: str) -> list[psutil.Process]:
    """List this user's processes that were started under the `supervisord` with that address, dead or alive."""
    return [process for process in psutil.process_iter() if _mark(process) == server_url]


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
    return found


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
