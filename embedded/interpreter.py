"""Find the Python that the project runs on. Standard library only: it runs before anything is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

WANTED = (3, 11)
PROBE = "import sys, venv, ensurepip; print(*sys.version_info[:2])"


class SetupError(Exception):
    """What is wrong with this machine and what to do about it, in one or two sentences for a person."""


def find_interpreter(named: str | None = None) -> str:
    """Find an interpreter of the wanted version that can make virtual environments.

    Args:
        named: the only interpreter to consider, when a person chose one.

    Raises:
        SetupError: there is none; the message says which versions were seen and how to get the right one.
    """
    candidates = [named] if named else [sys.executable, *_known_places()]
    seen = []
    for candidate in dict.fromkeys(candidates):
        version = _probe(candidate)
        if version == WANTED:
            return candidate
        seen.append(f"{candidate} is {version[0]}.{version[1]}" if version else f"{candidate} lacks venv or is missing")
    raise SetupError(
        f"Python 3.11 with its venv module was not found ({'; '.join(seen)}). Install it (Debian and Ubuntu: "
        "python3.11 and python3.11-venv; macOS: python@3.11; anywhere: pyenv or uv), or name it: "
        "make up PYTHON=/path/to/python3.11"
    )


def _known_places() -> list[str]:
    """Interpreters on the path, then those that pyenv and uv keep off the path."""
    on_path = [found for name in ("python3.11", "python3", "python") if (found := shutil.which(name))]
    kept = [
        *Path.home().glob(".pyenv/versions/3.11*/bin/python3.11"),
        *Path.home().glob(".local/share/uv/python/*3.11*/bin/python3.11"),
    ]
    return on_path + [str(path) for path in kept]


def _probe(interpreter: str) -> tuple[int, int] | None:
    """Ask an interpreter for its version; `None` when it does not run or cannot make environments."""
    try:
        answer = subprocess.run([interpreter, "-c", PROBE], capture_output=True, text=True, timeout=30, check=True)
        major, minor = answer.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return int(major), int(minor)
