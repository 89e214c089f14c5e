"""Create the MySQL databases and accounts: `python -m deploy.compose.databases`.

Each service has a database and an account of its own. The platform reads the shop's with an account of SELECT alone.

Runs as a job once MySQL is healthy, and again at every `docker compose up`: what exists stays, and a password that was
replaced under `secrets/` takes effect. No service but this job knows the root password.
"""

import argparse
import re
import sys

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor
from sqlalchemy import URL, make_url
from sqlalchemy.engine.interfaces import DBAPICursor

from command import Command, Result
from deploy.compose.credentials import READ_ONLY_URLS, SEEN_BY_DATABASES, URLS, stamp
from settings.loading import SECRETS_DIR

TIMEOUT_SECONDS = 10
ALL, SELECT = "ALL PRIVILEGES", "SELECT"
SAFE_NAME = re.compile(r"[a-z_]{1,32}")


def account_statements(url: URL, rights: str = ALL) -> list[tuple[str, tuple[str, ...]]]:
    """List the statements that make a URL work, each with its parameters.

    Args:
        url: URL with user, password and database.
        rights: what the account may do in its database, and nothing else anywhere.

    Returns:
        Statements and parameters, in the order in which they must run.

    Raises:
        ValueError: user or database is no plain lower-case name; names cannot be sent as parameters.
    """
    for name in (url.username, url.database):
        if not name or not SAFE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for an account or database: use lower-case letters and _")
    account = f"'{url.username}'@'%%'"  # doubled: the driver fills in parameters by %
    password = (str(url.password),)
    return [
        (f"CREATE DATABASE IF NOT EXISTS `{url.database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", ()),
        (f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY %s", password),
        (f"ALTER USER {account} IDENTIFIED BY %s", password),
        (f"GRANT {rights} ON `{url.database}`.* TO {account}", ()),
    ]


def create_accounts(connection: Connection, urls: list[URL], rights: str = ALL) -> None:
    """Create or update the account and the database of every URL.

    Args:
        connection: session of an account that may create others, committing by itself.
        urls: URLs to make work.
        rights: what each account may do in its database; one that only reads loses whatever else it was given.

    Raises:
        ValueError: a name that cannot be used; nothing of its URL is created.
        pymysql.MySQLError: MySQL refuses.
    """
    with connection.cursor() as cursor:
        for url in urls:
            statements = account_statements(url, rights)
            for statement, parameters in statements:
                cursor.execute(statement, parameters)
            if rights == SELECT and _may_do_more(cursor, url):
                cursor.execute(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{url.username}'@'%'")
                cursor.execute(*statements[-1])


def _may_do_more(cursor: Cursor, url: URL) -> bool:
    """Return whether an account has a right beside SELECT on its database, which granting that took none of."""
    cursor.execute(f"SHOW GRANTS FOR '{url.username}'@'%'")
    granted = {str(grant).partition(" TO ")[0] for (grant,) in cursor.fetchall()}
    return not granted <= {"GRANT USAGE ON *.*", f"GRANT {SELECT} ON `{url.database}`.*"}


def require_triggers(cursor: Cursor | DBAPICursor) -> None:
    """Make sure that an account without rights over the whole server may create triggers, which MLflow's schema has.

    A server that keeps a binary log refuses them (error 1419) unless it is told to trust who creates them. MySQL keeps
    one by default.

    Args:
        cursor: of any account on the server.

    Raises:
        ValueError: it would refuse; the message says what to set.
        pymysql.MySQLError: the server does not answer.
    """
    cursor.execute("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'log_bin_trust_function_creators')")
    if dict(cursor.fetchall()) == {"log_bin": "ON", "log_bin_trust_function_creators": "OFF"}:
        raise ValueError(
            "the server keeps a binary log (log_bin=ON) and lets only its administrators create triggers, of which "
            "MLflow's schema has some: set log_bin_trust_function_creators=1, as an option of mysqld, in the "
            "parameters of a managed server, or with SET PERSIST (MySQL) and SET GLOBAL (MariaDB). Nothing was changed"
        )


def connect_as_root(url: URL, password: str) -> Connection:
    """Open a session of root on the server that a URL names.

    Args:
        url: only its host, its port and its `ssl_ca` are used.
        password: root's.

    Returns:
        An open connection that commits each statement.

    Raises:
        pymysql.MySQLError: the server does not answer or refuses the password.
    """
    authority = url.query.get("ssl_ca")
    demands_tls = authority is not None
    return pymysql.connect(
        host=url.host,
        port=url.port or 3306,
        user="root",
        password=password,
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
        write_timeout=TIMEOUT_SECONDS,
        autocommit=True,
        ssl_ca=str(authority) if demands_tls else None,
        ssl_verify_cert=True if demands_tls else None,
        ssl_verify_identity=demands_tls,
    )


def read_secret(name: str) -> str:
    """Read one secret of the container.

    Args:
        name: name of the secret, which is its file's.

    Returns:
        Its value, without the line break at the end.

    Raises:
        FileNotFoundError: it is missing; generate it with `make secrets`.
    """
    return (SECRETS_DIR / name).read_text(encoding="utf-8").strip()


def require_stamp(noted: str) -> None:
    """Make sure that the services were started with the secrets that this job is about to put into effect.

    Args:
        noted: the stamp that `make secrets` noted in `.env`.

    Raises:
        ValueError: the secrets were replaced since.
    """
    if stamp(SECRETS_DIR, SEEN_BY_DATABASES) != noted:
        raise ValueError(
            "the secrets were replaced after `make secrets` noted them, so that running services would keep the old "
            "ones. Nothing was changed: run `make secrets`, then `docker compose up -d`"
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit 1 with one line when that fails."""
    command = Command("deploy.compose.databases", __doc__, failed="The databases could not be prepared")
    command.add_argument("--stamp", required=True, help="what `make secrets` noted of the secrets that this job reads")
    return command.run(_prepare, arguments, (OSError, ValueError, pymysql.MySQLError))


def _prepare(options: argparse.Namespace) -> Result:
    require_stamp(options.stamp)
    urls = [make_url(read_secret(name)) for name in URLS]
    readers = [make_url(read_secret(name)) for name in READ_ONLY_URLS]
    with connect_as_root(urls[0], read_secret("mysql_root_password")) as connection:
        with connection.cursor() as cursor:
            require_triggers(cursor)
        create_accounts(connection, urls)
        create_accounts(connection, readers, SELECT)
    names = ", ".join(str(url.database) for url in urls)
    names_of_readers = ", ".join(str(url.username) for url in readers)
    return Result(f"databases with an account each: {names}; read only: {names_of_readers}")


if __name__ == "__main__":
    sys.exit(main())
