"""Find the Python that the project runs on. Standard library only: it runs before anything is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SUPPORTED = ((3, 13), (3, 12), (3, 11))
PROBE = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
HOW_TO = (
    "Debian from 12 and Ubuntu 24.04: sudo apt-get install python3-venv; Fedora: sudo dnf install python3.13; "
    "macOS: brew install python@3.13; elsewhere, a newer Ubuntu too: uv python install 3.13"
)


class SetupError(Exception):
    """What is wrong with this machine and what to do about it, in one or two sentences for a person."""


def find_interpreter(named: str | None = None) -> str:
    """Find an interpreter of a supported version that can make virtual environments.

    The machine's `python3` is taken where it fits, as the one that its owner keeps up to date; then the newest.

    Args:
        named: the only interpreter to consider, when a person chose one.

    Raises:
        SetupError: there is none; the message says which versions were seen and how to get the right one.
    """
    candidates = [named] if named else _known_places()
    seen = []
    for candidate in dict.fromkeys(candidates):
        version = _probe(candidate)
        if version in SUPPORTED:
            return candidate
        seen.append(f"{candidate} is {version[0]}.{version[1]}" if version else f"{candidate} lacks venv or is missing")
    raise SetupError(
        f"Python 3.11, 3.12 or 3.13 with its venv module was not found ({'; '.join(seen) or 'no Python at all'}). "
        f"Install one ({HOW_TO}), or name it: make up PYTHON=/path/to/python3.13"
    )


def find_interpreters() -> dict[tuple[int, int], str]:
    """Find one interpreter of each supported version that this machine has."""
    found: dict[tuple[int, int], str] = {}
    for candidate in dict.fromkeys(_known_places()):
        version = _probe(candidate)
        if version in SUPPORTED:
            found.setdefault(version, candidate)
    return found


def _known_places() -> list[str]:
    """Interpreters on the path, the running one, then those that pyenv and uv keep off the path, newest first."""
    versions = [f"{major}.{minor}" for major, minor in SUPPORTED]
    names = ["python3", *(f"python{version}" for version in versions), "python"]
    on_path = [found for name in names if (found := shutil.which(name))]
    kept = [
        path
        for version in versions
        for pattern in (f".pyenv/versions/{version}.*/bin/python3", f".local/share/uv/python/*-{version}.*/bin/python3")
        for path in sorted(Path.home().glob(pattern), reverse=True)
    ]
    return [*on_path, sys.executable, *(str(path) for path in kept)]


def _probe(interpreter: str) -> tuple[int, int] | None:
    """Ask an interpreter for its version; `None` when it does not run or cannot make environments."""
    try:
        answer = subprocess.run([interpreter, "-c", PROBE], capture_output=True, text=True, timeout=30, check=True)
        major, minor = answer.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return int(major), int(minor)
