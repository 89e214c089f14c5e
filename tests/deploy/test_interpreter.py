import stat
import sys
from pathlib import Path

import pytest

from deploy.interpreter import SetupError, find_interpreter, find_interpreters


def fake_python(folder: Path, answer: str, name: str = "python") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a Python that fits: an empty folder on the path, an empty home."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "executable", fake_python(tmp_path / "old", "echo 3 9"))
    return tmp_path


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_every_supported_version_is_taken(tmp_path: Path, minor: int) -> None:
    python = fake_python(tmp_path, f"echo 3 {minor}")

    assert find_interpreter(python) == python


def test_the_machines_own_python_comes_before_newer_ones(machine: Path) -> None:
    own = fake_python(machine / "bin", "echo 3 12", "python3")
    fake_python(machine / "bin", "echo 3 13", "python3.13")

    assert find_interpreter() == own


def test_newest_is_taken_where_the_machines_own_does_not_fit(machine: Path) -> None:
    fake_python(machine / "bin", "echo 3 14", "python3")
    fake_python(machine / "bin", "echo 3 11", "python3.11")
    newest = fake_python(machine / "bin", "echo 3 13", "python3.13")

    assert find_interpreter() == newest


@pytest.mark.parametrize(
    "folder", [".pyenv/versions/3.12.1/bin", ".local/share/uv/python/cpython-3.12.9-linux-x86_64-gnu/bin"]
)
def test_python_off_the_path_is_found(machine: Path, folder: str) -> None:
    kept = fake_python(machine / folder, "echo 3 12", "python3")

    assert find_interpreter() == kept
    assert find_interpreters() == {(3, 12): kept}


@pytest.mark.parametrize("answer", ["echo 3 9", "echo 3 14"])
def test_wrong_version_is_named_with_the_way_out(tmp_path: Path, answer: str) -> None:
    wrong = fake_python(tmp_path, answer)

    with pytest.raises(SetupError, match=rf"python is {answer[5:].replace(' ', '.')}.*PYTHON=/path/to/python3\.13"):
        find_interpreter(wrong)


def test_machine_without_one_says_how_to_get_one_in_a_line(machine: Path) -> None:
    with pytest.raises(SetupError) as caught:
        find_interpreter()

    message = str(caught.value)
    assert "\n" not in message
    for system in ("Debian", "Ubuntu", "Fedora", "macOS"):
        assert system in message


@pytest.mark.parametrize("answer", ["exit 1", "echo nonsense"], ids=["no venv module", "not a Python"])
def test_python_that_cannot_make_environments_is_refused(tmp_path: Path, answer: str) -> None:
    broken = fake_python(tmp_path, answer)

    with pytest.raises(SetupError, match="lacks venv"):
        find_interpreter(broken)


def test_missing_interpreter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"Python 3\.11"):
        find_interpreter(str(tmp_path / "none"))
