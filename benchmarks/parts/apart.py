"""Measurements in a process of its own, whose peak memory is then its own too."""

import json
import subprocess
import sys
from typing import Any


def measure_apart(benchmark: str, *arguments: str) -> Any:
    """Run a benchmark with arguments that let it measure one thing, and return the JSON of its last line.

    Raises:
        subprocess.CalledProcessError: it failed; its words stand above.
    """
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
