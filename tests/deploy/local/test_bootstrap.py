"""The first steps, on a copy of the launcher without any environment."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.interpreter import HOW_TO

ROOT = Path(__file__).parents[3]


@pytest.fixture
def fresh_clone(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    return tmp_path


def bootstrap(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it as a bare Python would: `-S` hides every installed package."""
    command = [sys.executable, "-S", "-m", "deploy.local.bootstrap", *arguments]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["status", "down"])
def test_nothing_to_show_or_stop_on_a_fresh_clone(fresh_clone: Path, command: str) -> None:
    finished = bootstrap(fresh_clone, command)

    assert finished.returncode == 0
    assert "Nothing was started" in finished.stdout


@pytest.mark.parametrize("target", [["promote", "VERSION=2"], ["rollback"], ["step", "DO=features.sync"]])
def test_a_step_on_a_fresh_clone_fails_and_says_what_to_do(fresh_clone: Path, target: list[str]) -> None:
    shutil.copy(ROOT / "Makefile", fresh_clone)

    finished = subprocess.run(["make", *target], cwd=fresh_clone, capture_output=True, text=True, timeout=60)

    assert finished.returncode != 0
    assert "it has no environment yet. `make up` makes it." in finished.stdout
    assert "No such file" not in finished.stderr


def test_wrong_python_leaves_nothing_behind(fresh_clone: Path) -> None:
    finished = bootstrap(fresh_clone, "up", "--python", str(fresh_clone / "python3.10"))

    assert finished.returncode == 1
    assert "PYTHON=/path/to/python3.13" in finished.stderr
    assert not (fresh_clone / ".venv").exists()


def test_machine_without_any_python_says_how_to_get_one(tmp_path: Path) -> None:
    for name in ("bash", "sed"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))

    command = [str(shutil.which("make")), "up"]
    finished = subprocess.run(command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True)

    assert finished.returncode != 0
    assert HOW_TO in finished.stderr


@pytest.mark.parametrize("name", ["bootstrap", "environment", "interpreter", "progress", "stamp", "torch_build"])
def test_first_steps_parse_on_an_old_python(name: str) -> None:
    [source] = (path.read_text(encoding="utf-8") for path in (ROOT / "deploy").rglob(f"{name}.py"))

    ast.parse(source, feature_version=(3, 8))
