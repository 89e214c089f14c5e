"""What processes cost that run side by side: seconds, seconds of CPU, and peak memory with that of their children."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import psutil

from benchmarks.parts.memory import read_memory, read_peak

SECONDS_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True)
class ProcessCosts:
    """What came of processes that ran side by side.

    Attributes:
        outputs: what each wrote to stdout.
        seconds: from the first one's start to the last one's end.
        cpu_seconds: of all, with their children.
        peak_gb: the most that all of them had in memory at one time, what they share counted once; 10^9 bytes.
        largest_gb: the most that one process had in memory, all of what it shares counted.
        num_processes: the most that ran at one time.
    """

    outputs: list[str]
    seconds: float
    cpu_seconds: float
    peak_gb: float
    largest_gb: float
    num_processes: int


def run_side_by_side(commands: Sequence[Sequence[str]], environment: Mapping[str, str], log: Path) -> ProcessCosts:
    """Run commands at the same time and measure them, looking at their memory four times a second.

    Args:
        commands: one a process; they end what they start.
        environment: variables of all.
        log: file that what they write to stderr is added to.

    Raises:
        RuntimeError: one failed; the message has the last line of the log.
    """
    before, started = _count_cpu_seconds(), time.perf_counter()
    peak_mb, largest_mb, num_processes = 0.0, 0.0, 0
    with log.open("ab") as errors:
        running = [
            psutil.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=dict(environment), text=True)
            for command in commands
        ]
    try:
        while any(process.poll() is None for process in running):
            looked = [_look(each.pid) for each in _list_with_children(running)]
            found = [each for each in looked if each is not None]
            peak_mb = max(peak_mb, sum(together for together, _ in found))
            largest_mb = max([largest_mb, *(alone for _, alone in found)])
            num_processes = max(num_processes, len(found))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    finally:
        for process in running:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    outputs = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError(f"{' '.join(commands[0])} failed: {log.read_text().rstrip().splitlines()[-1]}")
    return ProcessCosts(
        outputs=outputs,
        seconds=time.perf_counter() - started,
        cpu_seconds=_count_cpu_seconds() - before,
        peak_gb=peak_mb * 2**20 / 1e9,
        largest_gb=largest_mb * 2**20 / 1e9,
        num_processes=num_processes,
    )


def _count_cpu_seconds() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _list_with_children(running: Sequence[psutil.Process]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in running:
        with suppress(psutil.NoSuchProcess):
            found += [process, *process.children(recursive=True)]
    return found


def _look(pid: int) -> tuple[float, float] | None:
    """Return the megabytes of a process, its part of what is shared and its peak; None if it has ended."""
    try:
        return read_memory(pid)["Pss"], read_peak(pid)
    except (FileNotFoundError, ProcessLookupError, StopIteration):
        return None
