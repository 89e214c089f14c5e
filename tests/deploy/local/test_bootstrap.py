"""The first steps, on a copy of the launcher without any environment."""

import ast
import os
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
    (tmp_path / "shop" / "loaders").mkdir(parents=True)
    of_the_shop = ("shop/__init__.py", "shop/loaders/__init__.py", "shop/loaders/options.py")
    for name in ("requirements.txt", "command.py", *of_the_shop):
        shutil.copy(ROOT / name, tmp_path / name)
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


def test_another_shop_is_refused_while_containers_run(fresh_clone: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", fresh_clone)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\necho 3f2a91c04be8\n")
    docker.chmod(0o755)

    finished = subprocess.run(
        ["make", "shop", "SHOP=demo"],
        cwd=fresh_clone,
        env={"PATH": f"{docker.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert finished.returncode != 0
    assert "stop them first (docker compose down)" in finished.stderr


@pytest.mark.parametrize(
    ("shop", "reason"),
    [("dmeo", "invalid choice: 'dmeo'"), ("directory no/such/folder", "there is no folder no/such/folder")],
)
def test_a_wrong_shop_is_said_before_the_environment_is_made(fresh_clone: Path, shop: str, reason: str) -> None:
    finished = bootstrap(fresh_clone, "up", "--shop", shop)

    assert finished.returncode == 1
    assert f'SHOP="{shop}" cannot be taken: ' in finished.stderr
    assert reason in finished.stderr
    assert not (fresh_clone / ".venv").exists()


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


FIRST_STEPS = ["bootstrap", "environment", "interpreter", "progress", "shop_choice", "stamp", "torch_build"]


@pytest.mark.parametrize("name", [*FIRST_STEPS, "shop/loaders/options", "command"])
def test_first_steps_parse_on_an_old_python(name: str) -> None:
    [path] = [*(ROOT / "deploy").rglob(f"{name}.py"), *ROOT.glob(f"{name}.py")]

    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
