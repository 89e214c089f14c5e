"""Programs that the tests need beside Python packages: `python -m deploy.development.system_tools`.

Installs what is missing from Debian's packages where this user may; elsewhere says how to get it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from command import Command, CommandError, Result, say
from deploy.development.kubectl import NoKubectlError, fetch_kubectl, find_kubectl
from deploy.development.mysql_server import NoMySqlError, fetch_mysql, find_mysql
from deploy.development.production_packages import ProductionPackagesError, find_python, provide
from deploy.development.seaweedfs import NoSeaweedFsError, fetch_seaweedfs, find_seaweedfs

PROGRAMS = {
    "mariadbd": "mariadb-server",
    "chromium": "chromium",
    "nginx": "nginx-light",
    # mysqlclient, which Airflow's image has, comes as source alone.
    "gcc": "gcc",
    "mariadb_config": "libmariadb-dev",
    "pkg-config": "pkg-config",
}
PLACES = "/usr/sbin:/usr/local/sbin:/sbin"
APT = ["apt-get", "--yes", "--quiet", "--option", "DPkg::Lock::Timeout=300"]
LIMIT_SECONDS = 900


def missing_packages() -> list[str]:
    """List the Debian packages of the programs that are not found."""
    missing = [package for program, package in PROGRAMS.items() if not _is_found(program)]
    has_headers = (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file()
    return missing if has_headers else [*missing, f"python{sys.version_info[0]}.{sys.version_info[1]}-dev"]


def install(packages: list[str]) -> None:
    """Install Debian packages without starting the services that they bring.

    Raises:
        CommandError: this user or this system cannot; the message says what to install.
    """
    names = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CommandError(f"The tests need {names}. On Debian and Ubuntu: sudo apt-get install {names}")
    say(f"installing {names}")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
    for step in ([*APT, "update"], [*APT, "install", "--no-install-recommends", *packages]):
        command = [*quiet, *step]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        if finished.returncode != 0:
            raise CommandError(f"{' '.join(step)} failed:\n{finished.stdout[-1000:]}{finished.stderr[-1000:]}")


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


def provide_seaweedfs() -> None:
    """Fetch SeaweedFS once, unless this machine has one; where it cannot be had, tests ask moto's server alone."""
    if find_seaweedfs() is not None:
        return
    say("fetching SeaweedFS")
    try:
        say(f"SeaweedFS is kept for the next time: {fetch_seaweedfs()}")
    except NoSeaweedFsError as err:
        say(f"SeaweedFS cannot be had here, its tests are left out. {err}")


def provide_kubectl() -> None:
    """Fetch kubectl once, unless this machine has one; where it cannot be had, nothing builds the manifests."""
    if find_kubectl() is not None:
        return
    say("fetching kubectl")
    try:
        say(f"kubectl is kept for the next time: {fetch_kubectl()}")
    except NoKubectlError as err:
        say(f"kubectl cannot be had here, the tests of the manifests are left out. {err}")


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
    return Command("deploy.development.system_tools", __doc__, failed="").run(_provide, arguments)


def _provide(_options: argparse.Namespace) -> Result:
    packages = missing_packages()
    if packages:
        install(packages)
    provide_mysql()
    provide_seaweedfs()
    provide_kubectl()
    provide_production_packages()
    return Result()


def _is_found(program: str) -> bool:
    return shutil.which(program) is not None or shutil.which(program, path=PLACES) is not None


if __name__ == "__main__":
    sys.exit(main())
