"""Backup of an installation in containers, taken while it runs: `make backup TO=FOLDER`.

Parts are copied in the order of the backup on one machine (`deploy/local/backup.py`): the store; all databases, at one
moment, whose lists and versions name its rows and MLflow's files; those files. Secrets and settings go along. Runs on
the host with the standard library alone; what needs more runs in containers.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from api import __version__
from command import Command, Result
from deploy.backups.folder import Manifest, begin, copy_file, finish
from deploy.compose.credentials import FOLDER, ROOT, URLS
from deploy.compose.project import SERVER, Project
from deploy.interpreter import SetupError
from deploy.progress import Board

DATABASES = "databases.sql.gz"
SECRETS = "secrets"
SETTINGS = "settings.env"
OF_THE_SHOP = "shop_owner_database_url"


def back_up(project: Project, to: Path, board: Board) -> Manifest:
    """Copy an installation into a new folder, which appears under its name when it is whole.

    Args:
        project: what runs.
        to: the folder, which is not there yet.
        board: where progress is shown.

    Raises:
        SetupError: a database lies elsewhere, a part cannot be read, or the folder is there already.
    """
    secrets, env_file = project.folder / SECRETS, project.folder / ".env"
    databases = list_databases(secrets)
    unfinished = begin(to)
    hand_over(unfinished, secrets)
    taken_at = datetime.now(UTC)
    with board.step("Tables of the store"):
        saved = project.run_on_backup("airflow-scheduler", unfinished, "deploy.compose.store_volume", "save")
    with board.step(f"Databases {', '.join(databases)}"):
        project.dump(databases, unfinished / DATABASES)
    with board.step("Files of versions, MLflow's logins"):
        project.run_on_backup("mlflow", unfinished, "deploy.compose.mlflow_volumes", "save")
    with board.step("Secrets, settings"):
        for path in sorted(secrets.iterdir()):
            copy_file(path, unfinished / SECRETS / path.name)
        copy_file(env_file, unfinished / SETTINGS)
    with board.step("Checksums"):
        return finish(to, taken_at, __version__, saved["revisions"])


def list_databases(secrets: Path) -> list[str]:
    """Name the databases of the project's own server; a shop on another server is its merchant's.

    Raises:
        SetupError: another part's database lies elsewhere.
    """
    urls = {name: urlsplit((secrets / name).read_text(encoding="utf-8").strip()) for name in URLS}
    elsewhere = [name for name, url in urls.items() if url.hostname != SERVER and name != OF_THE_SHOP]
    if elsewhere:
        raise SetupError(
            f"secrets/{' and secrets/'.join(elsewhere)} lead to another server than the service `{SERVER}`, which "
            "alone is copied here: back it up with tools of its own."
        )
    return [url.path.removeprefix("/") for url in urls.values() if url.hostname == SERVER]


def hand_over(folder: Path, secrets: Path) -> None:
    """Give a folder with all that is in it to the containers' user; only root can, and only root needs to."""
    if os.getuid() == 0:
        owner = secrets.stat()
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("deploy.compose.backup", __doc__, failed="")
    command.add_argument("--folder", type=Path, help="of the backup, which is not there yet")
    return command.run(_back_up, arguments, (OSError, SetupError))


def _back_up(options: argparse.Namespace) -> Result:
    if options.folder is None:
        raise SetupError("Name the folder of the backup: make backup TO=FOLDER.")
    if not FOLDER.is_dir():
        raise SetupError("There is no installation in containers here: `make secrets` begins one.")
    manifest = back_up(Project(ROOT), options.folder, Board())
    return Result(
        f"\n{manifest.megabytes:,.0f} MB of {manifest.taken_at:%Y-%m-%d %H:%M} UTC. "
        f"Next, in an empty clone of the project: make restore FROM={options.folder}"
    )


if __name__ == "__main__":
    sys.exit(main())
