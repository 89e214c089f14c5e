"""Environment of the tests for what only containers have beyond the full lock: Airflow's MySQL driver and logins.

It lies on top of this one, in the user's cache, and is made anew when a lock changes.
"""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from deploy.development.lockfile import LOCK, ROOT
from deploy.mysql_server import CACHE

EXTRA_LOCK = ROOT / "dags" / "requirements.production.txt"
LIMIT_SECONDS = 900


class ProductionPackagesError(Exception):
    """The packages cannot be installed; the message has pip's last words."""


def locate() -> Path:
    """Return the folder of the environment that fits the locks and this environment, whether it is there or not."""
    base = hashlib.sha256(sys.prefix.encode()).hexdigest()[:8]
    locks = hashlib.sha256(sys.version.encode() + LOCK.read_bytes() + EXTRA_LOCK.read_bytes()).hexdigest()[:12]
    return CACHE / f"production-{base}-{locks}"


def find_python() -> Path | None:
    """Find the interpreter that has everything; None if it has not been provided."""
    python = locate() / "bin" / "python"
    return python if python.exists() else None


def provide() -> Path:
    """Make the environment, unless it is there, and remove those of this installation's earlier locks.

    Returns:
        Its interpreter.

    Raises:
        ProductionPackagesError: pip fails, for want of a compiler or of the client library's headers in most cases.
    """
    found = find_python()
    if found is not None:
        return found
    target = locate()
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(target.name.rpartition("-")[0] + "-*"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(prefix="production-part-", dir=CACHE) as folder:
        part = Path(folder) / "environment"
        _run([sys.executable, "-m", "venv", "--without-pip", str(part)])
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(part), "platbase": str(part)}))
        packages.joinpath("base.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        pip = [sys.executable, "-m", "pip", "--python", str(part / "bin" / "python"), "--quiet", "install", "--no-deps"]
        _run([*pip, "--requirement", str(EXTRA_LOCK)])
        part.rename(target)
    return target / "bin" / "python"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise ProductionPackagesError((done.stderr or done.stdout).strip()[-1500:])
