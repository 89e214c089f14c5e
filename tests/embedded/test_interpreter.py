import stat
import sys
from pathlib import Path

import pytest

from embedded.interpreter import SetupError, find_interpreter


def fake_python(folder: Path, answer: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_running_python_of_the_right_version_is_taken() -> None:
    assert find_interpreter(sys.executable) == sys.executable


def test_wrong_version_is_named_with_the_way_out(tmp_path: Path) -> None:
    old = fake_python(tmp_path, "echo 3 9")

    with pytest.raises(SetupError, match=r"python is 3\.9.*PYTHON=/path/to/python3\.11"):
        find_interpreter(old)


@pytest.mark.parametrize("answer", ["exit 1", "echo nonsense"], ids=["no venv module", "not a Python"])
def test_python_that_cannot_make_environments_is_refused(tmp_path: Path, answer: str) -> None:
    broken = fake_python(tmp_path, answer)

    with pytest.raises(SetupError, match="lacks venv"):
        find_interpreter(broken)


def test_missing_interpreter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"Python 3\.11"):
        find_interpreter(str(tmp_path / "none"))
