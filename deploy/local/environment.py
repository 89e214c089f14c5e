"""Make `.venv` from the lock, once per lock. Standard library only: it runs before anything is installed.

A stamp in the environment holds the hash of the lock that was installed completely: an equal hash means there is
nothing to do. An environment that could not be finished is removed again, by the next run where this one was killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.interpreter import SetupError, find_interpreter
from deploy.progress import Board, Step
from deploy.stamp import LOCK, Stamp
from deploy.torch_build import NETWORK_SIGNS, install_torch

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = Stamp(VENV / "lock.sha256")
UNFINISHED = VENV / "unfinished"
LAUNCHER_NEEDS = ROOT / "deploy" / "requirements.in"
NEEDED_GIB = 4
NEEDED_TEMPORARY_GIB = 1


def is_current() -> bool:
    """Return whether the environment was installed completely from the lock as it is now."""
    return PYTHON.exists() and STAMP.is_set()


def ensure_environment(interpreter: str | None, board: Board, *, check_first: list[str], torch_place: str = "") -> None:
    """Install the lock into `.venv`, unless that is done.

    Args:
        interpreter: Python that the environment is made of; `None` = choose.
        board: where progress is shown.
        check_first: command line, after `python`, that runs once the launcher's own few packages are in and before
            the long download: what would stop the start later should stop it now. Empty = none.
        torch_place: index or folder to take torch from; empty = choose.

    Raises:
        SetupError: no Python, no disk, no network, no torch, or `check_first` failed: its words are the message.
    """
    if is_current():
        return
    with _alone(board) as lock:
        if not is_current():
            _make(interpreter, board, check_first, torch_place, lock)


def _make(interpreter: str | None, board: Board, check_first: list[str], torch_place: str, lock: int) -> None:
    """Make the environment, or bring it to the lock; what this run began and can't finish is removed."""
    if VENV.exists() and (UNFINISHED.exists() or not PYTHON.exists()):
        with board.step("Remove what is half-made"):
            _remove()
    _check_disk()
    is_fresh = not PYTHON.exists()
    chosen = find_interpreter(interpreter) if is_fresh else ""
    try:
        with board.step("Python environment") as step:
            VENV.mkdir(exist_ok=True)
            UNFINISHED.touch()
            if is_fresh:
                step.note = f"making .venv of {chosen}"
                _make_venv(chosen)
            _install(check_first, torch_place, board, step, lock)
            UNFINISHED.unlink()
            STAMP.set()
            step.note = f"{_locked_count()} packages"
    except BaseException as err:
        if is_fresh:
            _remove()
        elif isinstance(err, SetupError):
            UNFINISHED.unlink(missing_ok=True)  # pip ended by itself and left the packages as they were
        raise


def _make_venv(python: str) -> None:
    try:
        _run([python, "-m", "venv", str(VENV)])
    except SetupError as err:
        raise SetupError(f"{python} could not make {VENV}. Is the disk full? Its last words: {err}") from err


def _install(check_first: list[str], torch_place: str, board: Board, step: Step, lock: int) -> None:
    def install(arguments: list[str]) -> None:
        _pip(arguments, step, lock)

    step.note = "the launcher's own packages"
    install(["--requirement", str(LAUNCHER_NEEDS), "--constraint", str(LOCK)])
    if check_first:
        _run([str(PYTHON), *check_first])
    step.note = "asking which torch build would come"
    install_torch(str(PYTHON), torch_place, install, board.say)
    install(["--no-deps", "--requirement", str(LOCK)])
    step.note = "compiling"
    _compile()


@contextmanager
def _alone(board: Board) -> Iterator[int]:
    """Hold this folder's lock, which a pip that outlived a killed run holds too; yield its file descriptor."""
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with board.step("Another set-up of this folder ends"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def _remove() -> None:
    """Remove the environment; of a link to one, what it links to."""
    shutil.rmtree(VENV.resolve(), ignore_errors=True)


def _pip(arguments: list[str], step: Step, lock: int) -> None:
    """Run `pip install`, showing what it works on; it holds the lock as long as it lives.

    Raises:
        SetupError: pip failed; the message holds its last words and the log's path.
    """
    options = ["--disable-pip-version-check", "--no-input", "--no-compile", "--retries", "2"]
    command = [str(PYTHON), "-m", "pip", "install", *options, *arguments]
    digest = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    log_path = Path(tempfile.gettempdir()) / f"31ie-install-{os.getuid()}-{digest}.log"
    last_words: deque[str] = deque(maxlen=3)
    collected = 0
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, pass_fds=[lock])
    with _ended(process), log_path.open("w", encoding="utf-8") as log:
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


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Wait for a process; when this one is interrupted meanwhile, end it first."""
    with process:
        try:
            yield
        except BaseException:
            process.terminate()
            raise


def _compile() -> None:
    """Compile on all cores what is ever imported; pip would use one, for the packages' tests too."""
    packages = [str(path) for path in VENV.glob("lib/python3.*/site-packages")]
    options = ["-qq", "--workers", "0", "-x", r"/tests?/"]
    subprocess.run(
        [str(PYTHON), "-W", "ignore", "-m", "compileall", *options, *packages],
        cwd=ROOT,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


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
    """Check the disk of the environment, and that of temporary files, where pip unpacks.

    Raises:
        SetupError: one of them has too little room.
    """
    temporary = Path(tempfile.gettempdir())
    for what, folder, needed in (
        ("The environment needs", ROOT, NEEDED_GIB),
        ("Downloads need", temporary, NEEDED_TEMPORARY_GIB),
    ):
        free_gib = shutil.disk_usage(folder).free / 2**30
        if free_gib < needed:
            remedy = " or set TMPDIR to a folder on another disk" if folder is temporary else ""
            raise SetupError(
                f"{what} {needed} GiB and {folder} has {free_gib:.1f} GiB free. Free some space first{remedy}."
            )


def _locked_count() -> int:
    return sum("==" in line for line in LOCK.read_text(encoding="utf-8").splitlines())
