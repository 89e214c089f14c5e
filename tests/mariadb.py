"""A throw-away MariaDB server: own data directory, own socket, a free loopback port, gone at the end.

It stands in for MySQL 8, which no package registry carries, and speaks the same protocol.
"""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql

START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class MariaDbServer:
    """A running server and the account that may do anything on it."""

    port: int
    password: str
    socket_path: Path

    def connect(self) -> pymysql.connections.Connection:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="tester", password=self.password, connect_timeout=5, autocommit=True
        )

    def create_database(self) -> str:
        """Create an empty database and return its SQLAlchemy URL."""
        name = f"shop_{secrets.token_hex(6)}"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mysql+pymysql://tester:{self.password}@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {url.rsplit('/', 1)[1]}")


@contextmanager
def run_mariadb(*options: str) -> Iterator[MariaDbServer]:
    """Run a server for the length of the block, with further options of the server's own if need be.

    Raises:
        RuntimeError: the server is missing and cannot be installed, or does not come up; the message says which.
    """
    daemon = find_daemon()
    folder = Path(tempfile.mkdtemp(prefix="mariadb-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        server = MariaDbServer(find_free_port(), secrets.token_hex(12), folder / "s")
        write_init_file(folder, server.password)
        (folder / "tmp").mkdir()
        initialise(daemon, folder)
        process = start(daemon, folder, server, options)
        wait_until_ready(process, server, folder / "log")
        yield server
    finally:
        if process is not None:
            stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def find_daemon() -> str:
    """Find the server's program; as root on Debian, install it when it is missing."""
    found = _which_daemon()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False, timeout=300)
        subprocess.run(["apt-get", "install", "-y", "-qq", "mariadb-server"], env=environment, check=False, timeout=600)
        found = _which_daemon()
    if found is None:
        raise RuntimeError("these tests need a MariaDB server: install the package mariadb-server, then run them again")
    return found


def _which_daemon() -> str | None:
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])
    return shutil.which("mariadbd", path=search) or shutil.which("mysqld", path=search)


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_init_file(folder: Path, password: str) -> None:
    """Write the statements that the server runs at start: one account, from loopback only."""
    (folder / "init.sql").write_text(
        f"CREATE USER 'tester'@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON *.* TO 'tester'@'127.0.0.1' WITH GRANT OPTION;\n"
    )


def initialise(daemon: str, folder: Path) -> None:
    """Create the system tables in the data directory."""
    install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    if install is None:
        raise RuntimeError(f"{daemon} is there, but mariadb-install-db is not: reinstall the package mariadb-server")
    command = [install, "--no-defaults", f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"]
    own = f"--tmpdir={folder / 'tmp'}"  # a server that starts empties its own, also of what others use at the moment
    done = subprocess.run(
        [*command, own, "--auth-root-authentication-method=normal", "--skip-test-db"],
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )
    if done.returncode != 0:
        raise RuntimeError(f"mariadb-install-db failed: {(done.stderr or done.stdout).strip()[-500:]}")


def start(daemon: str, folder: Path, server: MariaDbServer, options: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start the server with little memory and without waiting for the disk: its data live an hour at most."""
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [
                daemon,
                "--no-defaults",
                f"--user={getpass.getuser()}",
                f"--datadir={folder / 'data'}",
                f"--tmpdir={folder / 'tmp'}",
                f"--socket={server.socket_path}",
                f"--pid-file={folder / 'pid'}",
                f"--init-file={folder / 'init.sql'}",
                f"--port={server.port}",
                "--bind-address=127.0.0.1",
                "--character-set-server=utf8mb4",
                "--default-time-zone=+00:00",
                "--innodb-buffer-pool-size=128M",
                "--innodb-flush-log-at-trx-commit=0",
                "--skip-log-bin",
                "--skip-name-resolve",
                *options,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def wait_until_ready(process: "subprocess.Popen[bytes]", server: MariaDbServer, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            server.connect().close()
            return
        except pymysql.err.OperationalError:
            time.sleep(0.1)
    raise RuntimeError(f"MariaDB did not come up on port {server.port}: {log.read_text(errors='replace')[-1000:]}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
