"""Peak memory of a process, as the operating system counts it."""

import resource
import sys
from pathlib import Path

LINUX_STATUS = Path("/proc/self/status")


def measure_peak_memory_gb() -> float:
    """Return the largest resident memory that this process has had, in gigabytes (10^9 bytes).

    On Linux `getrusage` says no less than what its parent had at its start, so the kernel's own mark is read there.
    """
    if LINUX_STATUS.exists():
        lines = LINUX_STATUS.read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024 / 1e9
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9
