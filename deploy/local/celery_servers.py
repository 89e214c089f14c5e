"""The two servers behind Celery (`python -m deploy.local.celery_servers mysql FOLDER SOCKET`), which this becomes.

MySQL makes its system tables, and Airflow's empty database, at the first start. Its accounts have no password: they
are reached through the socket alone, whose folder is the user's. Redis writes down what is queued, so that a killed one
loses none of it. MySQL, since Airflow's scheduler has statements that MariaDB does not know.
"""

import argparse
import getpass
import os
import shutil
import subprocess
import sys
from pathlib import Path

from command import Command, Result
from deploy.interpreter import SetupError
from deploy.local.celery_parts import MYSQL, REDIS
from deploy.mysql_server import NoMySqlError, fetch_mysql, find_mysql
from deploy.progress import Board
from deploy.system_packages import find_program, install

REDIS_OPTIONS = ("--port", "0", "--unixsocketperm", "700", "--appendonly", "yes", "--save", "", "--daemonize", "no")
MYSQL_OPTIONS = (
    "--skip-networking",
    "--mysqlx=OFF",
    "--skip-log-bin",
    "--secure-file-priv=NULL",
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
    "--innodb-buffer-pool-size=64M",
    "--performance-schema=OFF",
)
SMALL_REDO_LOG = "--innodb-redo-log-capacity=32M"
START = """\
CREATE DATABASE IF NOT EXISTS airflow CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'airflow'@'localhost';
GRANT ALL ON airflow.* TO 'airflow'@'localhost';
"""


def provide_programs(board: Board) -> None:
    """Install Redis and fetch MySQL where this machine lacks them.

    Raises:
        SetupError: they cannot be had here; the message says what to install.
    """
    if find_program("redis-server") is None:
        with board.step("Install Redis"):
            install(["redis-server"], "EXECUTOR=celery")
    if find_mysql() is None:
        with board.step("Fetch MySQL"):
            try:
                fetch_mysql()
            except NoMySqlError as err:
                raise SetupError(f"EXECUTOR=celery needs MySQL 8 or later. {err}") from err


def main(arguments: list[str] | None = None) -> int:
    """Become the server."""
    command = Command("deploy.local.celery_servers", __doc__)
    command.add_argument("kind", choices=[MYSQL, REDIS])
    command.add_argument("folder", type=Path, help="where it keeps its data; made if needed")
    command.add_argument("socket", type=Path, help="where it listens")
    return command.run(_become, arguments, (OSError, SetupError, subprocess.CalledProcessError))


def _become(options: argparse.Namespace) -> Result:
    options.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    compose = _compose_mysql if options.kind == MYSQL else _compose_redis
    server = compose(options.folder, options.socket)
    os.execv(server[0], server)


def _compose_redis(folder: Path, socket: Path) -> list[str]:
    program = find_program("redis-server")
    if program is None:
        raise SetupError("redis-server is gone: `make up` installs it")
    return [program, *REDIS_OPTIONS, "--dir", str(folder), "--unixsocket", str(socket)]


def _compose_mysql(folder: Path, socket: Path) -> list[str]:
    mysql = find_mysql()
    if mysql is None:
        raise SetupError("MySQL is gone: `make up` fetches it")
    temporary, data, statements = folder / "tmp", folder / "data", folder / "start.sql"
    temporary.mkdir(exist_ok=True, mode=0o700)
    common = [*mysql.command, f"--user={getpass.getuser()}", f"--tmpdir={temporary}", SMALL_REDO_LOG]
    if not data.exists():
        _make_system_tables(common, folder, data)
    statements.write_text(START, encoding="utf-8")
    places = {"datadir": data, "socket": socket, "pid-file": folder / "pid", "init-file": statements}
    return [*common, *MYSQL_OPTIONS, *(f"--{name}={path}" for name, path in places.items())]


def _make_system_tables(common: list[str], folder: Path, data: Path) -> None:
    """Make them beside their place first: a server that was killed meanwhile begins anew."""
    begun = folder / "begun"
    shutil.rmtree(begun, ignore_errors=True)
    subprocess.run([*common, f"--datadir={begun}", "--initialize-insecure"], check=True)
    begun.rename(data)


if __name__ == "__main__":
    sys.exit(main())
