"""Install the build of torch that fits this machine: `python -m deploy.torch_build`. Standard library only.

Set-up and the workflows' image both install torch through this module, in a step of its own before the rest.
Without a GPU that is a CPU build: the one that pip is told of already, else that of PyTorch's own index. The ordinary
index serves Linux a build for CUDA with several GB of libraries. docs/decisions/0007-torch-without-cuda.md
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.interpreter import SetupError
from deploy.stamp import LOCK

CPU_INDEX = "https://download.pytorch.org/whl/cpu"  # also named in .env.example
ANSWER_SECONDS = 5
CUDA_PREFIXES = ("nvidia", "cuda", "triton")
DOWNLOAD_GB = 2.7  # torch 2.13.0 for CUDA 13 with its libraries, Linux on x86-64
UNPACKED_GB = 4.8
REST_GB = 4.0  # every other package of the lock, with what is downloaded for them
NETWORK_SIGNS = ("connection broken", "connection refused", "name resolution", "timed out", "network is unreachable")


@dataclass(frozen=True)
class Build:
    """A build of torch that pip can install.

    Attributes:
        version: with its local part, such as `2.13.0+cpu`; empty = torch is installed already.
        is_cuda: whether it needs CUDA's libraries.
        options: pip's options that lead to it; empty = pip's own settings.
    """

    version: str
    is_cuda: bool
    options: tuple[str, ...] = ()


class NoBuildError(SetupError):
    """No build of torch was found where pip looked; the message completes a sentence that names the place."""


def install_torch(
    python: str, place: str, install: Callable[[list[str]], object], say: Callable[[str], object], lock: Path = LOCK
) -> None:
    """Install torch, then what that build needs, in the versions of the lock.

    Args:
        python: interpreter of the environment to install into.
        place: index or folder of wheels to take torch from; empty = choose.
        install: runs `pip install` in that environment with the arguments that it is given.
        say: shows a line to a person.
        lock: the lock, whose line `torch==VERSION` is wanted.

    Raises:
        SetupError: there is no build to be had, or no room for it.
    """
    build = choose_build(python, locked_torch(lock.read_text(encoding="utf-8")), place, say)
    torch = f"torch=={build.version}" if build.version else "torch"
    cache = ["--no-cache-dir"] if build.is_cuda else []
    if build.version:
        install([*cache, "--no-deps", *build.options, torch])
    install([*cache, torch, "--constraint", str(lock)])


def locked_torch(lock: str) -> str:
    """Find torch's line, `torch==VERSION`, in the text of the lock."""
    [line] = [line for line in lock.splitlines() if line.startswith("torch==")]
    return line


def choose_build(python: str, torch: str, place: str, say: Callable[[str], object]) -> Build:
    """Choose the build for this machine without downloading any.

    Args:
        python: interpreter of the environment that it is for.
        torch: the requirement, `torch==VERSION`.
        place: index or folder that a person named, for whatever build it has; empty = none.
        say: shows a line to a person.

    Raises:
        SetupError: there is no build to be had, or only that for CUDA and no room for it.
    """
    told = None if place else _find(python, torch)
    if told and (not told.is_cuda or has_gpu()):
        return told
    where = place or CPU_INDEX
    try:
        found = ask_pip(python, torch, options_for(where))
    except NoBuildError as err:
        reason = f"{where} {err}"
    else:
        if place or not found.is_cuda:
            return found
        reason = f"{where} has no {torch} for CPUs"
    return _ordinary_build(python, told or _find(python, torch), reason, say)


def options_for(place: str) -> tuple[str, ...]:
    """Translate an index's URL, or a folder of wheels, to options of pip.

    Raises:
        SetupError: it is neither.
    """
    if "://" in place:
        return ("--index-url", place, "--timeout", str(ANSWER_SECONDS), "--retries", "1")
    folder = Path(place).expanduser().resolve()
    if not folder.is_dir():
        raise SetupError(
            f"TORCH_INDEX_URL is {place!r}: give the URL of an index, or a folder that holds a torch wheel."
        )
    return ("--no-index", "--find-links", str(folder))


def ask_pip(python: str, torch: str, options: tuple[str, ...] = ()) -> Build:
    """Ask pip which build it would install, by its metadata alone.

    Raises:
        NoBuildError: pip finds none.
    """
    asking = ["--quiet", "--disable-pip-version-check", "--dry-run", "--no-deps", "--no-input", "--report", "-"]
    command = [python, "-m", "pip", "install", *asking, *options, torch]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        is_network = any(sign in finished.stderr.lower() for sign in NETWORK_SIGNS)
        raise NoBuildError("did not answer" if is_network else f"has no {torch} for this Python")
    packages = json.loads(finished.stdout)["install"]
    if not packages:
        return Build("", is_cuda=False)
    metadata = packages[0]["metadata"]
    return Build(metadata["version"], needs_cuda(metadata.get("requires_dist", [])), options)


def needs_cuda(requirements: list[str]) -> bool:
    """Return whether a build with these requirements (`Requires-Dist`) is one for CUDA; on Linux alone there is one."""
    return sys.platform == "linux" and any(need.startswith(CUDA_PREFIXES) for need in requirements)


def has_gpu() -> bool:
    """Return whether an NVIDIA GPU is visible."""
    return Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None


def _find(python: str, torch: str) -> Build | None:
    """Ask pip by its own settings; `None` when they lead to no build."""
    try:
        return ask_pip(python, torch)
    except NoBuildError:
        return None


def _ordinary_build(python: str, build: Build | None, reason: str, say: Callable[[str], object]) -> Build:
    """Go on with what pip finds by its own settings, if there is room for it, and say what it costs.

    Raises:
        SetupError: pip finds none, or it is for CUDA and too large.
    """
    remedy = "Try again later, or set TORCH_INDEX_URL to another index of CPU builds or to a folder that holds one."
    if build is None:
        raise SetupError(f"{reason}, and pip finds no torch by its own settings. {remedy}")
    if not build.is_cuda:
        say(f"{reason}; torch {build.version} comes from where pip's own settings lead.")
        return build
    cost = f"the ordinary build of torch, for CUDA, is {DOWNLOAD_GB} GB to download and {UNPACKED_GB} GB on the disk"
    lacking = _lacking_room(Path(python).parent)
    if lacking:
        raise SetupError(f"{reason}; {cost}, and {lacking}. {remedy}")
    say(f"{reason}; {cost}. It works without a GPU, so set-up goes on with it. {remedy}")
    return build


def _lacking_room(home: Path) -> str:
    """Say which disk is too small for the ordinary build and everything after it; empty = there is room."""
    temporary = Path(tempfile.gettempdir())
    needs = {home: UNPACKED_GB + REST_GB, temporary: DOWNLOAD_GB}
    if home.stat().st_dev == temporary.stat().st_dev:
        needs = {home: sum(needs.values())}
    for folder, needed in needs.items():
        free = shutil.disk_usage(folder).free / 1e9
        if free < needed:
            return f"{folder} has {free:.1f} of the {needed:.1f} GB free that set-up then needs"
    return ""


def main() -> None:
    """Install torch into the environment that this runs in, as the workflows' image does."""
    parser = argparse.ArgumentParser(prog="python -m deploy.torch_build", description=__doc__)
    parser.add_argument("--place", default="", help="index or folder of wheels to take torch from (default: choose)")
    place = parser.parse_args().place

    def install(arguments: list[str]) -> None:
        command = [sys.executable, "-m", "pip", "install", "--no-cache-dir", *arguments]
        if subprocess.run(command, check=False).returncode != 0:
            raise SetupError("pip could not install torch; its words stand above.")

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    try:
        install_torch(sys.executable, place, install, say)
    except SetupError as err:
        sys.exit(str(err))


if __name__ == "__main__":
    main()
