"""MLflow's part of a backup, in its own container: `python -m deploy.compose.mlflow_volumes save | load`.

The files of versions, and the logins, which lie beside MLflow's database and not in it. `make backup` and
`make restore` run it with the backup's folder at /backup.
"""

import argparse
import sys
from pathlib import Path

from command import Command, Result
from deploy.backups.folder import copy_tree, put_back, read_manifest
from deploy.interpreter import SetupError
from settings import Settings, load_settings

BACKUP = Path("/backup")
ARTIFACTS, LOGINS = "artifacts", "mlflow"


def list_parts(settings: Settings) -> dict[str, Path]:
    """Return the volumes' folders by their names in the backup.

    Raises:
        SetupError: files of versions lie in an object store.
    """
    if settings.mlflow_artifacts_uri.startswith("s3://"):
        raise SetupError(
            "MLFLOW_ARTIFACTS_URI leads to an object store, and volumes alone are copied here: back it up with tools "
            "of its own, after the databases."
        )
    return {ARTIFACTS: Path(settings.mlflow_artifacts_uri), LOGINS: settings.var_dir}


def save(settings: Settings, backup: Path) -> None:
    """Copy both volumes, while MLflow runs.

    Raises:
        SetupError: files of versions lie in an object store.
    """
    for part, folder in list_parts(settings).items():
        copy_tree(folder, backup / part)


def load(settings: Settings, backup: Path) -> int:
    """Put both into empty volumes.

    Returns:
        The number of files.

    Raises:
        SetupError: a volume holds something, or a file is not what was backed up.
    """
    manifest = read_manifest(backup)
    return sum(put_back(manifest, backup, part, folder) for part, folder in list_parts(settings).items())


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("deploy.compose.mlflow_volumes", __doc__, failed="", has_json=True)
    command.add_argument("command", choices=["save", "load"])
    command.add_argument("--backup", type=Path, default=BACKUP, help="folder of the backup")
    return command.run(_move, arguments, (OSError, SetupError))


def _move(options: argparse.Namespace) -> Result:
    if options.command == "save":
        save(load_settings(), options.backup)
        return Result("MLflow's files were copied", {})
    return Result("MLflow's files were put back", {"files": load(load_settings(), options.backup)})


if __name__ == "__main__":
    sys.exit(main())
