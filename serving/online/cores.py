"""How many cores a server has, in a container too."""

import os
from math import ceil
from pathlib import Path

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
"""What a container may use (cgroup v2): microseconds, or `max`, and in how many."""


def count_cores(cpu_max: Path = CPU_MAX) -> int:
    """Count the cores that this process may run on, as far as its container is not bounded to fewer; at least one."""
    cores = len(os.sched_getaffinity(0))
    quota, period = cpu_max.read_text(encoding="utf-8").split() if cpu_max.is_file() else ("max", "")
    return cores if quota == "max" else max(1, min(cores, ceil(int(quota) / int(period))))
