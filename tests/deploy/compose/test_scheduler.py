"""A stand-in for Airflow's scheduler that waits for its step, as the real one does, and steps of all tempers."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from deploy.compose import scheduler as module
from deploy.compose.scheduler import StoppableScheduler, leads_a_session

PARENT = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: None)
step = subprocess.Popen([sys.executable, "-c", sys.argv[2]], start_new_session=True)
open(sys.argv[1], "w").write(str(step.pid))
step.wait()
sys.exit(7)
"""
WILLING = "import time; time.sleep(300)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(300)"


def start(tmp_path: Path, step: str) -> tuple[StoppableScheduler, int]:
    """Start the stand-in and wait until its step runs."""
    note = tmp_path / "pid"
    scheduler = StoppableScheduler((sys.executable, "-c", PARENT, str(note), step))
    deadline = time.monotonic() + 20
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)  # the step sets its handlers
    return scheduler, int(note.read_text())


def is_gone(pid: int) -> bool:
    try:
        psutil.Process(pid).wait(timeout=5)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_told_to_stop_it_ends_the_step_and_then_itself(tmp_path: Path) -> None:
    scheduler, step = start(tmp_path, WILLING)

    scheduler.stop()

    assert scheduler.wait() == 7, "the scheduler ended by itself once its step had"
    assert is_gone(step)


def test_a_step_that_will_not_end_is_killed_once_the_grace_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 2.0)
    scheduler, step = start(tmp_path, STUBBORN)

    scheduler.stop()

    assert scheduler.wait() == -signal.SIGKILL
    assert is_gone(step)


def test_a_scheduler_that_dies_by_itself_ends_the_wait_with_its_code(tmp_path: Path) -> None:
    scheduler = StoppableScheduler((sys.executable, "-c", "import sys; sys.exit(3)"))

    assert scheduler.wait() == 3


def test_a_step_is_known_by_the_session_that_it_leads() -> None:
    with subprocess.Popen([sys.executable, "-c", WILLING], start_new_session=True) as step:
        assert leads_a_session(step.pid)
        step.kill()
    with subprocess.Popen([sys.executable, "-c", WILLING]) as child:
        assert not leads_a_session(child.pid)
        child.kill()


def test_the_grace_ends_before_that_of_the_container() -> None:
    compose = yaml.safe_load((Path(__file__).parents[3] / "docker-compose.yml").read_text())["services"]

    assert compose["airflow-scheduler"]["command"][-1] == "deploy.compose.scheduler"
    assert float(compose["airflow-scheduler"]["stop_grace_period"].removesuffix("s")) > module.GRACE_SECONDS
