import os
import sys
from pathlib import Path

import pytest

from benchmarks.parts.process_costs import run_side_by_side

HOLD = """
import sys, time, uuid
from pathlib import Path
held, folder = bytearray(60_000_000), Path(sys.argv[1])
(folder / uuid.uuid4().hex).touch()
while len(list(folder.iterdir())) < 2:
    time.sleep(0.05)
time.sleep(1)
print("held")
"""
WITH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}, sys.argv[1]], check=True)"
BUSY = "import time\nwhile time.process_time() < 1: pass"


def test_memory_of_processes_and_their_children_is_counted_together(tmp_path: Path) -> None:
    (folder := tmp_path / "held").mkdir()
    commands = [[sys.executable, "-c", script, str(folder)] for script in (HOLD, WITH_A_CHILD)]

    costs = run_side_by_side(commands, os.environ, tmp_path / "log")

    assert costs.num_processes == 3
    assert [output.strip() for output in costs.outputs] == ["held", "held"]
    assert 0.06 < costs.largest_gb < 0.12 < costs.peak_gb < 0.24
    assert costs.seconds > 1


def test_seconds_of_cpu_are_those_of_all(tmp_path: Path) -> None:
    costs = run_side_by_side([[sys.executable, "-c", BUSY]] * 2, os.environ, tmp_path / "log")

    assert 2 <= costs.cpu_seconds < 4


def test_a_failure_is_told_with_the_last_line_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no such shop"):
        run_side_by_side([[sys.executable, "-c", "raise SystemExit('no such shop')"]], os.environ, tmp_path / "log")
