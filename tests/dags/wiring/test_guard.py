"""Real process trees whose owner, guard or command is ended in every way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dags.wiring import guard
from dags.wiring.command import guarded
from deploy.local.supervision.processes import is_alive

ROOT = Path(__file__).parents[3]
OWNER = """
import pathlib, sys
from dags.wiring import command
command.ROOT = pathlib.Path(sys.argv[1])
command.run_module("step", timeout_seconds=100)
"""
STEP = """
import os, pathlib, signal, subprocess, sys, time
{first}
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session={leaves})
pathlib.Path("pids.part").write_text(f"{{os.getppid()}} {{os.getpid()}} {{child.pid}}")
pathlib.Path("pids.part").rename("pids")
time.sleep(100)
"""
IGNORE = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def start(folder: Path, first: str = "", leaves: bool = True) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """Start an owner as a task is one; return it, and the guard, the step and the step's child."""
    (folder / "step.py").write_text(STEP.format(first=first, leaves=leaves), encoding="utf-8")
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (folder / "pids").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return owner, [psutil.Process(int(pid)) for pid in (folder / "pids").read_text().split()]


def assert_gone(processes: list[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while living := [one for one in processes if is_alive(one)]:
        assert time.monotonic() < deadline, living
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_of_a_step_outlives_its_task(tmp_path: Path, number: signal.Signals) -> None:
    owner, family = start(tmp_path)

    owner.send_signal(number)
    owner.wait()

    assert_gone(family, 5)


def test_a_step_that_ignores_the_request_outlives_its_task_by_the_grace_alone(tmp_path: Path) -> None:
    owner, family = start(tmp_path, IGNORE)

    owner.kill()
    owner.wait()

    assert_gone(family, 15)


def test_nothing_of_a_step_outlives_its_guard(tmp_path: Path) -> None:
    owner, family = start(tmp_path, leaves=False)

    family[0].kill()

    assert_gone(family, 5)
    assert owner.wait(20) != 0


def test_what_a_killed_step_left_ends_with_it(tmp_path: Path) -> None:
    owner, [guard, step, child] = start(tmp_path)

    step.kill()

    assert_gone([guard, step, child], 5)
    assert owner.wait(20) != 0


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import os; os.kill(os.getpid(), 15)", -15),
    ],
)
def test_a_guard_ends_as_its_command_did(code: str, ending: int) -> None:
    command = [sys.executable, guard.__file__, "0", sys.executable, "-c", code]

    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(20) == ending


def test_a_step_gives_way_as_far_as_it_is_told_and_so_does_its_session() -> None:
    code = "import os, pathlib; print(os.nice(0), pathlib.Path('/proc/self/autogroup').read_text().split()[-1])"
    command = [sys.executable, guard.__file__, "5", sys.executable, "-c", code]

    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()

    assert said.split() == [str(os.nice(0) + 5), "5"]


def test_a_training_gives_way_and_a_scoring_does_not() -> None:
    assert guarded("training.run")[2] == "5"
    assert guarded("serving.score")[2] == "0"
