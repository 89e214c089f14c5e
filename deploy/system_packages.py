"""Programs from the system's packages: which are missing, and their installation on Debian and Ubuntu."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping

from deploy.interpreter import SetupError

PLACES = "/usr/sbin:/usr/local/sbin:/sbin:/usr/libexec"
"""Where servers lie that a user's PATH may not name."""
APT = ["apt-get", "--yes", "--quiet", "--option", "DPkg::Lock::Timeout=300"]
LIMIT_SECONDS = 900


def find_program(name: str) -> str | None:
    """Return the path of a program, `None` where it is not installed."""
    return shutil.which(name) or shutil.which(name, path=PLACES)


def missing_packages(programs: Mapping[str, str]) -> list[str]:
    """List the packages of the programs that are not found.

    Args:
        programs: package by program.
    """
    return list(dict.fromkeys(package for program, package in programs.items() if find_program(program) is None))


def install(packages: Iterable[str], needed_by: str) -> None:
    """Install packages without starting the services that they bring.

    Args:
        packages: names of Debian's.
        needed_by: who needs them, for the message.

    Raises:
        SetupError: this user or this system cannot; the message says what to install.
    """
    names = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(f"{needed_by} needs {names}. On Debian and Ubuntu: sudo apt-get install {names}")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
    for step in ([*APT, "update"], [*APT, "install", "--no-install-recommends", *names.split()]):
        finished = subprocess.run([*quiet, *step], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        if finished.returncode != 0:
            raise SetupError(f"{' '.join(step)} failed:\n{finished.stdout[-1000:]}{finished.stderr[-1000:]}")
