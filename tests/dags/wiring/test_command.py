import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dags.wiring import command
from dags.wiring.command import run_module
from deploy.local.supervision.processes import is_alive_pid


@pytest.fixture
def write_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a module called `step` that the command finds."""
    monkeypatch.setattr(command, "ROOT", tmp_path)

    def write(code: str) -> None:
        (tmp_path / "step.py").write_text(code, encoding="utf-8")

    return write


def test_last_line_is_the_report_and_all_lines_are_logged(
    write_step: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    write_step("import sys\nprint('half way')\nprint('a warning', file=sys.stderr)\nprint('{\"rows\": 3}')\n")

    with caplog.at_level(logging.INFO):
        report = run_module("step", timeout_seconds=30)

    assert report == {"rows": 3}
    assert {"half way", "a warning"} <= set(caplog.messages)


def test_arguments_are_passed_on(write_step: Callable[[str], None]) -> None:
    write_step("import json, sys\nprint(json.dumps({'arguments': sys.argv[1:]}))\n")

    assert run_module("step", "--as-of", "a b", timeout_seconds=30) == {"arguments": ["--as-of", "a b"]}


@pytest.mark.parametrize(
    ("code", "error"),
    [(1, RuntimeError), (2, AirflowFailException), (3, AirflowSkipException), (-9, RuntimeError)],
    ids=["failed", "final: no retry", "nothing to do: skipped", "killed"],
)
def test_exit_code_decides_what_becomes_of_the_task(
    write_step: Callable[[str], None], code: int, error: type[Exception]
) -> None:
    ending = f"sys.exit({code})" if code >= 0 else f"os.kill(os.getpid(), {-code})"
    write_step(f"import os, sys\n{ending}\n")

    with pytest.raises(error, match=r"python -m step"):
        run_module("step", timeout_seconds=30)


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_task_gives_the_last_words_of_its_step_as_the_reason(write_step: Callable[[str], None], code: int) -> None:
    write_step(
        "import sys\nprint('INFO on the way', file=sys.stderr)\n"
        f"print('step: the disk is full', file=sys.stderr)\nprint('{{}}')\nsys.exit({code})\n"
    )

    with pytest.raises((RuntimeError, AirflowFailException, AirflowSkipException)) as ended:
        run_module("step", timeout_seconds=30)

    assert str(ended.value) == "step: the disk is full"


@pytest.mark.parametrize("code", [0, 1, 2])
def test_report_is_heard_however_the_step_ends(write_step: Callable[[str], None], code: int) -> None:
    write_step(f'import sys\nprint(\'{{"state": "ended"}}\')\nsys.exit({code})\n')
    heard: list[dict[str, Any]] = []

    with contextlib.suppress(RuntimeError, AirflowFailException):
        run_module("step", timeout_seconds=30, heard=heard.append)

    assert heard == [{"state": "ended"}]


def test_step_that_ends_without_a_report_has_none_to_hear(write_step: Callable[[str], None]) -> None:
    write_step("import sys\nprint('no JSON')\nsys.exit(1)\n")
    heard: list[dict[str, Any]] = []

    with pytest.raises(RuntimeError):
        run_module("step", timeout_seconds=30, heard=heard.append)

    assert heard == []


def test_report_that_is_no_json_is_an_error(write_step: Callable[[str], None]) -> None:
    write_step("print('done!')\n")

    with pytest.raises(ValueError, match="'done!'"):
        run_module("step", timeout_seconds=30)


def test_step_that_takes_too_long_ends_with_all_that_it_started(
    write_step: Callable[[str], None], tmp_path: Path
) -> None:
    write_step(
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('child').write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )

    with pytest.raises(TimeoutError, match="within 3 s"):
        run_module("step", timeout_seconds=3)

    time.sleep(0.2)
    assert not is_alive_pid(int((tmp_path / "child").read_text(encoding="utf-8")))


def test_step_that_ignores_the_polite_request_is_killed(
    write_step: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "GRACE_SECONDS", 0.5)
    write_step("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)\n")
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        run_module("step", timeout_seconds=1)

    assert time.monotonic() - started < 20
