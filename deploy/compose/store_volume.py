"""The store's part of a backup, in a container of the workflows: `python -m deploy.compose.store_volume save | load`.

`make backup` and `make restore` run it with the backup's folder at /backup.
"""

import argparse
import sys
from pathlib import Path

from command import Command, Result
from deploy.backups.folder import put_back, read_manifest
from deploy.backups.revisions import read_revisions, require_known
from deploy.backups.store import STORE, copy_store
from deploy.interpreter import SetupError
from features.store import MLStore
from settings import Settings, load_settings
from shop.database import ShopFailedError

BACKUP = Path("/backup")


def save(settings: Settings, backup: Path) -> dict[str, str]:
    """Copy the tables, while others write them.

    Returns:
        The revision of each schema.

    Raises:
        SetupError: the tables lie in an object store.
    """
    if settings.ml_store_uri.startswith("s3://"):
        raise SetupError(
            "ML_STORE_URI leads to an object store, and volumes alone are copied here: back it up with tools of its "
            "own, before the databases."
        )
    copy_store(MLStore.of(settings), Path(settings.ml_store_uri), backup / STORE)
    return read_revisions({"shop": settings.shop_database_url, "platform": settings.platform_database_url})


def load(settings: Settings, backup: Path) -> int:
    """Put the tables into an empty volume.

    Returns:
        The number of files.

    Raises:
        SetupError: a newer release took the backup, the volume holds something, or a file is another one.
    """
    manifest = read_manifest(backup)
    require_known(manifest)
    return put_back(manifest, backup, STORE, Path(settings.ml_store_uri))


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("deploy.compose.store_volume", __doc__, failed="", has_json=True)
    command.add_argument("command", choices=["save", "load"])
    command.add_argument("--backup", type=Path, default=BACKUP, help="folder of the backup")
    return command.run(_move, arguments, (OSError, SetupError, ShopFailedError))


def _move(options: argparse.Namespace) -> Result:
    if options.command == "save":
        return Result("the store was copied", {"revisions": save(load_settings(), options.backup)})
    return Result("the store was put back", {"files": load(load_settings(), options.backup)})


if __name__ == "__main__":
    sys.exit(main())
