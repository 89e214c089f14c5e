"""Peak memory of a process, as the operating system counts it."""

import resource
import sys


def measure_peak_memory_gb() -> float:
    """Return the largest resident memory that this process has had, in gigabytes (10^9 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e9 if sys.platform == "darwin" else peak * 1024 / 1e9
