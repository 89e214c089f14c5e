"""A call in a process of its own gives what the function gives, and ends when either side does."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from training.beside import BesideError, call_beside

ROOT = Path(__file__).parents[2]
CALLER = """
import time
from training.beside import call_beside
with call_beside(time.sleep, 100) as call:
    print(call.pid, flush=True)
    call.wait()
"""


def test_the_result_is_that_of_the_function_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the code is found from any folder
    with call_beside(os.getpid) as pid, call_beside(divmod, 7, 2) as result:
        assert pid.wait() != os.getpid()
        assert result.wait() == (3, 1)


def test_the_process_ends_by_itself_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    with call_beside(divmod, 7, 2) as call:
        call.wait()
        assert call.exit_code == 0

    assert capfd.readouterr() == ("", "")


def test_what_the_function_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"), call_beside(int, "no number") as call:
        call.wait()


def test_a_process_that_was_killed_is_an_error() -> None:
    with call_beside(time.sleep, 100) as call:
        psutil.Process(call.pid).kill()
        with pytest.raises(BesideError, match="ended with code -9"):
            call.wait()


def test_the_process_ends_with_the_block() -> None:
    with call_beside(time.sleep, 100) as call:
        assert psutil.pid_exists(call.pid)

    assert not psutil.pid_exists(call.pid)


def test_the_process_ends_when_the_caller_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", CALLER], stdout=subprocess.PIPE, cwd=ROOT) as caller:
        assert caller.stdout is not None
        beside = psutil.Process(int(caller.stdout.readline()))
        caller.kill()

    beside.wait(timeout=20)  # raises if it goes on
