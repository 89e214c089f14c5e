"""Throw-away servers of MySQL and MariaDB, set up as in production: own folder, socket and loopback port.

They take the options of `docker-compose.yml`, keep a binary log, and offer TLS with a certificate of a throw-away
authority. Every database is reached with the account and the rights that `deploy/compose/databases.py` gives.
"""

import getpass
import os
import secrets
import shutil
import socket
import string
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pymysql
import yaml
from sqlalchemy import URL, make_url

from deploy.compose.databases import connect_as_root, create_accounts
from deploy.mysql_server import CACHE, find_mysql
from tests.support.certificates import write_certificates

Kind = Literal["mariadb", "mysql"]
KINDS: tuple[Kind, ...] = ("mariadb", "mysql")
HOST = "127.0.0.1"
START_SECONDS = 120
STOP_SECONDS = 60
PLACES = "/usr/sbin:/usr/local/sbin:/usr/libexec"
COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
SMALL_REDO_LOG = "--innodb-redo-log-capacity=16M"
# Little memory and no waiting for the disk: the data live an hour at most.
CHEAP = (
    "--innodb-buffer-pool-size=128M",
    "--innodb-flush-log-at-trx-commit=2",  # what was committed outlives a killed server, not a machine
    "--sync-binlog=0",
    "--performance-schema=OFF",
)
MYSQL_ALONE = (SMALL_REDO_LOG, "--innodb-flush-method=nosync", "--mysqlx=OFF", "--secure-file-priv=NULL")
MARIADB_ALONE = ("--log-bin=binlog", "--debug-no-sync=1")  # MySQL keeps a binary log without being told to


@dataclass(eq=False)
class DatabaseServer:
    """A server of this process's own.

    Attributes:
        kind: which of the two.
        port: where it listens, on loopback alone.
        root_password: of the account that may do anything.
        folder: all that it writes; `ca.pem` there is the authority that signed its certificate for 127.0.0.1.
        command: what starts it.
        process: the running server.
    """

    kind: Kind
    port: int
    root_password: str
    folder: Path
    command: Sequence[str] = ()
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        """Return the server's process."""
        return int((self.folder / "pid").read_text())

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            RuntimeError: it does not come up; the message has the end of its log.
        """
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=subprocess.STDOUT)
        wait_until_ready(self.process, self)

    def stop(self) -> None:
        """Stop the server, which keeps what was committed."""
        if self.process is not None:
            stop(self.process)

    def connect(self) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
        """Open a session of root's, as the job does that creates production's accounts."""
        return connect_as_root(URL.create("mysql", host=HOST, port=self.port), self.root_password)

    def execute(self, *statements: str) -> None:
        """Run statements as root."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def create_database(self, driver: str = "mysql+pymysql") -> str:
        """Create an empty database and its account as in production, and return its SQLAlchemy URL."""
        name = "test_" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))
        url = URL.create(driver, name, secrets.token_hex(12), HOST, self.port, name, {"charset": "utf8mb4"})
        with self.connect() as connection:
            create_accounts(connection, [url])
        return url.render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Remove a database and its account."""
        parsed = make_url(url)
        self.execute(f"DROP DATABASE {parsed.database}", f"DROP USER '{parsed.username}'@'%'")


@contextmanager
def run_server(kind: Kind, *options: str) -> Iterator[DatabaseServer]:
    """Run a server for the length of the block.

    Args:
        kind: which of the two.
        *options: further ones of the server's own; they win.

    Raises:
        RuntimeError: the server is missing or does not come up; the message says which.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{kind}-"))
    server = DatabaseServer(kind, find_free_port(), secrets.token_hex(12), folder)
    try:
        (folder / "tmp").mkdir()
        write_init_file(server)
        write_certificates(folder, HOST)
        command = initialise_mysql(folder) if kind == "mysql" else initialise_mariadb(folder)
        server.command = [*end_with_this_process(), *command, *list_options(server), *options]
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def end_with_this_process() -> list[str]:
    """Return the words before a command whose program ends when this process is killed; none where `setpriv` lacks."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def list_options(server: DatabaseServer) -> list[str]:
    """List the options of production and then those of a test's server.

    MariaDB gets what `docker-compose.yml` gives MySQL where it knows it.
    """
    folder = server.folder
    own = MYSQL_ALONE if server.kind == "mysql" else MARIADB_ALONE
    return [
        *read_production_options(is_loose=server.kind == "mariadb"),
        *own,
        *CHEAP,
        f"--user={getpass.getuser()}",
        f"--datadir={folder / 'data'}",
        f"--tmpdir={folder / 'tmp'}",
        f"--socket={folder / 's'}",
        f"--pid-file={folder / 'pid'}",
        f"--init-file={folder / 'init.sql'}",
        f"--ssl-ca={folder / 'ca.pem'}",
        f"--ssl-cert={folder / 'server.pem'}",
        f"--ssl-key={folder / 'server.key'}",
        f"--bind-address={HOST}",
        f"--port={server.port}",
        "--skip-name-resolve",
    ]


def read_production_options(*, is_loose: bool = False) -> list[str]:
    """Read what `docker-compose.yml` tells the server; loosely, an option that the server lacks is only a warning."""
    program, *options = yaml.safe_load(COMPOSE.read_text())["services"]["mysql"]["command"]
    assert program == "mysqld"
    return [f"--loose-{option.removeprefix('--')}" if is_loose else option for option in options]


def initialise_mysql(folder: Path) -> list[str]:
    """Create MySQL's system tables, as a copy of those that were created once, and return how to start the server."""
    mysql = find_mysql()
    if mysql is None:
        raise RuntimeError(
            "these tests need a MySQL server: run `python -m deploy.development.system_tools`, then run them again"
        )
    created = CACHE / f"mysql-{mysql.version}-data"
    if not created.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="mysql-part-", dir=CACHE) as part:
            data = Path(part) / "data"
            own = [f"--datadir={data}", f"--tmpdir={folder / 'tmp'}", f"--user={getpass.getuser()}"]
            _run([*mysql.command, *own, SMALL_REDO_LOG, "--initialize-insecure"])
            if not created.exists():
                data.rename(created)
    shutil.copytree(created, folder / "data")
    return list(mysql.command)


def initialise_mariadb(folder: Path) -> list[str]:
    """Create MariaDB's system tables and return the command that starts the server."""
    path = os.pathsep.join([os.environ.get("PATH", ""), PLACES])
    daemon, install = shutil.which("mariadbd", path=path), shutil.which("mariadb-install-db", path=path)
    if daemon is None or install is None:
        raise RuntimeError(
            "these tests need a MariaDB server: run `python -m deploy.development.system_tools`, then run them again"
        )
    own = f"--tmpdir={folder / 'tmp'}"  # a server that starts empties its own, also of what others use at the moment
    options = [own, f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}", "--skip-test-db"]
    _run([install, "--no-defaults", *options, "--auth-root-authentication-method=normal"])
    return [daemon, "--no-defaults"]


def write_init_file(server: DatabaseServer) -> None:
    """Write what the server runs at each start: root over TCP, as the image of production has it."""
    (server.folder / "init.sql").write_text(
        f"CREATE USER IF NOT EXISTS 'root'@'{HOST}';\n"
        f"ALTER USER 'root'@'{HOST}' IDENTIFIED BY '{server.root_password}';\n"
        f"GRANT ALL ON *.* TO 'root'@'{HOST}' WITH GRANT OPTION;\n"
    )


def find_free_port() -> int:
    """Find a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until_ready(process: "subprocess.Popen[bytes]", server: DatabaseServer) -> None:
    """Wait until root can log in.

    Raises:
        RuntimeError: the server ended or took too long; the message has the end of its log.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.connect().close()
            return
        except pymysql.err.OperationalError:
            time.sleep(0.1)
    log = (server.folder / "log").read_text(errors="replace")[-1500:]
    raise RuntimeError(f"{server.kind} did not come up on port {server.port}: {log}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server, by force if it does not end by itself."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-1000:]}")
