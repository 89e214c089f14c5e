"""Make `.venv` from the lock, once per lock. Standard library only: it runs before anything is installed.

A stamp in the environment holds the hash of the lock that was installed completely: an equal hash means there is
nothing to do, and an environment that this run began and could not finish is removed again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path

from embedded.interpreter import WANTED, SetupError
from embedded.progress import Board, Step
from embedded.stamp import LOCK, Stamp
from embedded.torch_build import cuda_packages, has_gpu, locked_torch

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = Stamp(VENV / "lock.sha256")
LAUNCHER_NEEDS = ROOT / "embedded" / "requirements.in"
NEEDED_GIB = 4
NETWORK_SIGNS = ("connection broken", "connection refused", "name resolution", "timed out", "network is unreachable")


def is_current() -> bool:
    """Tell whether the environment was installed completely from the lock as it is now."""
    return PYTHON.exists() and STAMP.is_set()


def ensure_environment(interpreter: str, board: Board, *, check_first: list[str]) -> None:
    """Install the lock into `.venv`; `is_current` tells whether that is needed.

    Args:
        interpreter: Python that the environment is made of.
        board: where progress is shown.
        check_first: command line, after `python`, that runs once the launcher's own few packages are in and before
            the long download: what would stop the start later should stop it now. Empty = none.

    Raises:
        SetupError: no disk, no network, a CUDA build without a GPU, or `check_first` failed: its words are the message.
    """
    _check_disk()
    is_fresh = not VENV.exists()
    try:
        with board.step("Python environment") as step:
            if not PYTHON.exists():
                step.note = "making .venv"
                _run([interpreter, "-m", "venv", str(VENV)])
            step.note = "the launcher's own packages"
            _pip(["--requirement", str(LAUNCHER_NEEDS), "--constraint", str(LOCK)], step)
            if check_first:
                _run([str(PYTHON), *check_first])
            step.note = "asking which torch build would come"
            torch_needs = _cuda_packages_of_torch()
            _pip(["--no-deps", "--requirement", str(LOCK)], step)
            if torch_needs:
                _pip([*torch_needs, "--constraint", str(LOCK)], step)
            step.note = "compiling"
            _compile()
            STAMP.set()
            step.note = f"{_locked_count()} packages"
    except BaseException:
        if is_fresh:
            shutil.rmtree(VENV, ignore_errors=True)
        raise


def _cuda_packages_of_torch() -> list[str]:
    """Ask pip which torch it would bring, without bringing it; list the CUDA packages that this build needs."""
    if sys.platform != "linux":
        return []
    asking = ["--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--report", "-"]
    report = _run([str(PYTHON), "-m", "pip", "install", *asking, locked_torch(LOCK.read_text(encoding="utf-8"))])
    return cuda_packages(report, has_gpu=has_gpu())


def _pip(arguments: list[str], step: Step) -> None:
    """Run `pip install`, showing what it works on.

    Raises:
        SetupError: pip failed; the message holds its last words and the log's path.
    """
    options = ["--disable-pip-version-check", "--no-input", "--no-compile", "--retries", "2"]
    command = [str(PYTHON), "-m", "pip", "install", *options, *arguments]
    log_path = Path(tempfile.gettempdir()) / f"31ie-install-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}.log"
    last_words: deque[str] = deque(maxlen=3)
    collected = 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with process, log_path.open("w", encoding="utf-8") as log:
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if line.startswith("Collecting "):
                collected += 1
                step.note = f"{collected} of {_locked_count()}: {line.split()[1]}"
            elif line.startswith("Installing collected packages"):
                step.note = "installing the downloaded packages"
            elif line.startswith("ERROR"):
                last_words.append(line.strip())
    if process.returncode != 0:
        raise SetupError(explain_pip(log_path, " ".join(last_words)))
    log_path.unlink()


def _compile() -> None:
    """Compile on all cores what is ever imported; pip would use one, for the packages' tests too."""
    packages = VENV / "lib" / f"python{WANTED[0]}.{WANTED[1]}" / "site-packages"
    options = ["-qq", "--workers", "0", "-x", r"/tests?/"]
    subprocess.run([str(PYTHON), "-m", "compileall", *options, str(packages)], cwd=ROOT, check=False)


def explain_pip(log_path: Path, last_words: str) -> str:
    """Compose what to tell a person when pip failed: the network, or pip's own last words."""
    output = log_path.read_text(encoding="utf-8").lower()
    if any(sign in output for sign in NETWORK_SIGNS):
        return (
            "pip could not reach the package index. Check the network (and PIP_INDEX_URL or the proxy, if you set "
            f"one), then run this again. (log: {log_path})"
        )
    return f"pip failed: {last_words or 'no error line'} (log: {log_path})"


def _run(command: list[str]) -> str:
    """Run a short command and return what it printed.

    Raises:
        SetupError: it failed; the message is the last line it wrote to stderr.
    """
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if finished.returncode != 0:
        lines = (finished.stderr or finished.stdout).strip().splitlines()
        raise SetupError(lines[-1] if lines else f"{' '.join(command)} failed without a word.")
    return finished.stdout


def _check_disk() -> None:
    free_gib = shutil.disk_usage(ROOT).free / 2**30
    if free_gib < NEEDED_GIB:
        raise SetupError(
            f"The environment needs {NEEDED_GIB} GiB and {ROOT} has {free_gib:.1f} GiB free. Free some space first."
        )


def _locked_count() -> int:
    return sum("==" in line for line in LOCK.read_text(encoding="utf-8").splitlines())
