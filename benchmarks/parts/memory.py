"""Memory of a process as the kernel counts it."""

import os
from pathlib import Path


def read_memory(pid: int | None = None) -> dict[str, float]:
    """Read the megabytes of a process, this one if none is named: Private (written) and Pss (shared in equal parts)."""
    lines = Path(f"/proc/{pid or os.getpid()}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    sizes = {name: int(size) / 1024 for name, size in (line.removesuffix(" kB").split(":") for line in lines)}
    return {"Private": sizes["Private_Dirty"], "Pss": sizes["Pss"]}


def read_peak(pid: int | None = None) -> float:
    """Read the most megabytes that a process, this one if none is named, ever had in memory.

    `getrusage` says no less than what its parent had at its start.
    """
    lines = Path(f"/proc/{pid or os.getpid()}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
