"""A MySQL server without containers: the machine's own, or one from its archive of Debian or Ubuntu in a cache.

Debian stable packages MariaDB alone, Debian unstable MySQL itself; Ubuntu packages both, one of which can be installed.
The server is unpacked, not installed, and runs on the C library that comes with it, so nothing of the machine changes
and no root is needed. apt fetches it from the archive and checks it with the keys that this machine trusts.
"""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path.home() / ".cache" / "31ie"
OLDEST_VERSION = 8
PLACES = "/usr/sbin:/usr/local/sbin:/usr/local/mysql/bin:/opt/mysql/bin"
LIMIT_SECONDS = 900
SOURCE_FIELDS = ("--format", "$(REPO_URI) $(RELEASE) $(SIGNED_BY)", "Created-By: Packages")
REMEDY = "Install MySQL 8 or later, so that `mysqld` is found"
APT_CONFIG = """\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Acquire::Languages "none";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


@dataclass(frozen=True)
class Distribution:
    """Where a distribution keeps MySQL.

    Attributes:
        name: its origin and label in apt.
        suite: the suite to take MySQL from; None for the machine's own.
        package: name of the server's package there.
        keyring: its keys, where the machine's sources name none.
    """

    name: str
    suite: str | None
    package: str
    keyring: Path


DISTRIBUTIONS = (
    Distribution("Debian", "sid", "mysql-server-core", Path("/usr/share/keyrings/debian-archive-keyring.gpg")),
    Distribution("Ubuntu", None, "mysql-server-core-8.0", Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")),
)


class NoMySqlError(Exception):
    """There is no MySQL and it cannot be fetched; the message says what to install."""


@dataclass(frozen=True)
class MySql:
    """A server's program.

    Attributes:
        command: how to start it, with the options that tell it where its files are.
        version: as in `9.7.4`.
    """

    command: tuple[str, ...]
    version: str


def find_mysql() -> MySql | None:
    """Find a MySQL 8 or later, installed on this machine or fetched earlier; the newest of several in the cache."""
    installed = shutil.which("mysqld") or shutil.which("mysqld", path=PLACES)
    if installed and (version := read_version((installed,))):
        return MySql((installed, "--no-defaults"), version)
    fetched = [folder for folder in CACHE.glob("mysql-*") if re.fullmatch(r"mysql-[0-9.]+", folder.name)]
    if not fetched:
        return None
    return open_folder(max(fetched, key=lambda folder: _version_key(folder.name.removeprefix("mysql-"))))


def read_version(command: tuple[str, ...]) -> str | None:
    """Ask a server's program for its version; None if it is MariaDB's, older than MySQL 8 or does not run."""
    try:
        asked = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return None
    found = re.search(r"Ver (\d+)\.[\d.]*\d", asked.stdout)
    if found is None or "MariaDB" in asked.stdout or int(found[1]) < OLDEST_VERSION:
        return None
    return found[0].removeprefix("Ver ")


def open_folder(folder: Path) -> MySql | None:
    """Compose the command of a server that was unpacked; None if it does not run.

    Args:
        folder: where its packages were unpacked.
    """
    loaders = sorted(folder.glob("usr/lib/*-linux-gnu/ld-linux*.so.*"))
    if not loaders:
        return None
    program = (str(loaders[0]), "--library-path", str(loaders[0].parent), str(folder / "usr/sbin/mysqld"))
    version = read_version(program)
    if version is None:
        return None
    files = {
        "basedir": folder / "usr",
        "lc-messages-dir": folder / "usr/share/mysql",
        "character-sets-dir": folder / "usr/share/mysql/charsets",
        "plugin-dir": folder / "usr/lib/mysql/plugin",
    }
    return MySql((*program, "--no-defaults", *(f"--{name}={path}" for name, path in files.items())), version)


def fetch_mysql() -> MySql:
    """Unpack MySQL from the machine's archive into the cache.

    Returns:
        The server.

    Raises:
        NoMySqlError: this machine's apt cannot; the message says what to do.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoMySqlError(f"MySQL comes by apt, which this machine lacks. {REMEDY}.")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mysql-part-", dir=CACHE) as folder:
        root = Path(folder) / "root"
        for archive in download(Path(folder), *find_source()):
            _run(["dpkg-deb", "--extract", str(archive), str(root)])
        for unused in ("doc", "man", "perl", "locale"):
            shutil.rmtree(root / "usr/share" / unused, ignore_errors=True)
        server = open_folder(root)
        if server is None:
            raise NoMySqlError(f"MySQL was fetched but does not run here. {REMEDY}.")
        target = CACHE / f"mysql-{server.version}"
        if not target.exists():
            root.rename(target)
    fetched = open_folder(target)
    if fetched is None:
        raise NoMySqlError(f"MySQL in {target} does not run: remove that folder and try again.")
    return fetched


def find_source() -> tuple[str, str]:
    """Find the archive that this machine takes its distribution from.

    Returns:
        Its line for `sources.list`, and the name of the server's package there.

    Raises:
        NoMySqlError: apt knows no archive of Debian or Ubuntu.
    """
    for distribution in DISTRIBUTIONS:
        fields = (*SOURCE_FIELDS, f"Origin: {distribution.name}", f"Label: {distribution.name}")
        command = ["apt-get", "indextargets", *fields]
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
        targets = [line.split(" ", 2) for line in listed.stdout.splitlines() if line.count(" ") >= 2]
        if targets:
            address, own_suite, key = targets[0]
            if not key.startswith("/"):
                key = str(distribution.keyring) if distribution.keyring.exists() else ""
            signed = f"[signed-by={key}] " if key else ""
            return f"deb {signed}{address} {distribution.suite or own_suite} main\n", distribution.package
    raise NoMySqlError(f"apt has no list of an archive of Debian or Ubuntu: run `sudo apt-get update`. {REMEDY}.")


def download(folder: Path, source: str, package: str) -> list[Path]:
    """Download the server and all that it needs, as if nothing were installed.

    Args:
        folder: where apt may keep everything.
        source: line of `sources.list`.
        package: name of the server's package.

    Returns:
        The packages' files.

    Raises:
        NoMySqlError: apt fails; the message has its last words.
    """
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(source, encoding="utf-8")
    (folder / "apt.conf").write_text(APT_CONFIG.format(folder=folder), encoding="utf-8")
    apt = ["apt-get", "--config-file", str(folder / "apt.conf"), "--yes", "-qq"]
    _run([*apt, "update"])
    _run([*apt, "install", "--download-only", "--no-install-recommends", package])
    return sorted((folder / "cache/archives").glob("*.deb"))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-500:]
        raise NoMySqlError(f"MySQL could not be fetched ({command[0]} failed). {REMEDY}.\n{words}")


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
