"""Restore of a backup of containers into an empty project: `make restore FROM=FOLDER`, then `docker compose up -d`.

Every file is compared with the backup's checksum before anything is made. What fails after that throws the volumes away
that it made. Runs on the host with the standard library alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from command import Command, Result
from deploy.backups.folder import Manifest, copy_file, read_manifest, require_same
from deploy.compose.backup import DATABASES, SECRETS, SETTINGS, hand_over
from deploy.compose.credentials import CONTAINER_ID, ROOT, write_env, write_secrets
from deploy.compose.project import SERVER, Project
from deploy.interpreter import SetupError
from deploy.progress import Board

OF_A_PLACE = ("APP_UID", "APP_GID", "SECRETS_STAMP", "DATABASES_STAMP", "COMPOSE_PROJECT_NAME", "COMPOSE_FILE")
"""Lines of .env that belong to where an installation runs, and not to what it is."""


def restore(project: Project, backup: Path, board: Board) -> Manifest:
    """Put a backup into a project that has no volume yet; nothing of it runs afterwards but its database server.

    Args:
        project: an empty one.
        backup: as `back_up` wrote it.
        board: where progress is shown.

    Raises:
        SetupError: there is no whole backup of containers, a newer release took it, or the project is not empty.
    """
    manifest = read_manifest(backup)
    if DATABASES not in manifest.files:
        raise SetupError(f"{backup} is a backup of one machine: make restore FROM={backup} VAR_DIR=NEW.")
    _require_empty(project, backup)
    with board.step("Compare"):
        for path, expected in manifest.files.items():
            require_same(backup / path, expected, backup / path)
    _put_settings_back(project.folder, backup)
    hand_over(backup, project.folder / SECRETS)
    with board.step("Images"):
        project.compose("build", "--quiet")
    try:
        with board.step("Tables of the store"):
            project.run_on_backup("airflow-migrate", backup, "deploy.compose.store_volume", "load", mode="ro")
        with board.step("Files of versions, MLflow's logins"):
            project.run_on_backup("mlflow", backup, "deploy.compose.mlflow_volumes", "load", mode="ro")
        with board.step("Databases"):
            project.compose("up", "--detach", "--wait", SERVER)
            project.compose("run", "--rm", "--no-TTY", "databases")
            project.load(backup / DATABASES)
    except BaseException:
        project.compose("down", "--volumes")
        raise
    return manifest


def merge_settings(ours: Iterable[str], theirs: Iterable[str]) -> list[str]:
    """Add to the lines of a `.env` those of a backup's that it lacks; what belongs to a place stays there.

    Args:
        ours: lines of the project's file.
        theirs: lines of the backup's.
    """
    kept = list(ours)
    known = {line.partition("=")[0] for line in kept} | set(OF_A_PLACE)
    return [*kept, *(line for line in theirs if "=" in line and line.partition("=")[0] not in known)]


def _require_empty(project: Project, backup: Path) -> None:
    """Make sure that nothing is written over.

    Raises:
        SetupError: the project has volumes, or other secrets.
    """
    if volumes := project.list_volumes():
        raise SetupError(
            f"The project {project.name} has volumes already ({volumes[0]}): restore in another folder, or throw them "
            "away first with `docker compose down --volumes`."
        )
    for path in sorted((backup / SECRETS).iterdir()):
        ours = project.folder / SECRETS / path.name
        if ours.is_file() and ours.read_bytes() != path.read_bytes():
            raise SetupError(f"{ours} is another one than the backup's: move secrets/ away first.")


def _put_settings_back(folder: Path, backup: Path) -> None:
    """Write secrets and settings, and what `make secrets` adds to them."""
    owner = (os.getuid(), os.getgid()) if os.getuid() else (CONTAINER_ID, CONTAINER_ID)
    (folder / SECRETS).mkdir(mode=0o700, exist_ok=True)
    for path in (backup / SECRETS).iterdir():
        copy_file(path, folder / SECRETS / path.name)
    env_file = folder / ".env"
    ours = env_file.read_text(encoding="utf-8").splitlines() if env_file.exists() else []
    merged = merge_settings(ours, (backup / SETTINGS).read_text(encoding="utf-8").splitlines())
    env_file.touch(mode=0o600)
    env_file.write_text("".join(f"{line}\n" for line in merged), encoding="utf-8")
    write_secrets(folder / SECRETS, owner)
    write_env(env_file, owner, folder / SECRETS)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("deploy.compose.restore", __doc__, failed="")
    command.add_argument("--folder", type=Path, help="of the backup")
    return command.run(_restore, arguments, (OSError, SetupError))


def _restore(options: argparse.Namespace) -> Result:
    if options.folder is None:
        raise SetupError("Name the folder of the backup: make restore FROM=FOLDER.")
    manifest = restore(Project(ROOT), options.folder, Board())
    return Result(
        f"\n{manifest.megabytes:,.0f} MB of {manifest.taken_at:%Y-%m-%d %H:%M} UTC. Next: docker compose up -d"
    )


if __name__ == "__main__":
    sys.exit(main())
