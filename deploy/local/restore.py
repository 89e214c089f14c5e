"""Restore of a backup into an empty place: `make restore FROM=FOLDER VAR_DIR=NEW`; `make up` starts it then.

Every file is copied beside its place and compared with the backup's checksum before any is put in place.
"""

import shutil
from pathlib import Path

from deploy.backups.folder import Manifest, read_manifest, require_same
from deploy.backups.revisions import require_known
from deploy.interpreter import SetupError
from deploy.local.preflight import check_folder
from deploy.local.shop_change import OF_A_SHOP
from deploy.progress import Board

PARTIAL = "restore.partial"


def restore(var_dir: Path, backup: Path, board: Board) -> Manifest:
    """Put a backup into `VAR_DIR`; broken off anywhere, it can run again.

    Args:
        var_dir: a folder without an installation.
        backup: as `back_up` wrote it.
        board: where progress is shown.

    Raises:
        SetupError: there is no whole backup, a newer release took it, or the place is not free. Nothing was put in
            place.
    """
    manifest = read_manifest(backup)
    require_known(manifest)
    partial = var_dir / PARTIAL
    is_again = partial.is_dir()
    check_folder(var_dir)
    if not is_again:
        _require_free(var_dir)
    with board.step("Copy and compare") as step:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        for path, expected in manifest.files.items():
            step.note = path
            (partial / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy2(backup / path, partial / path)
            try:
                require_same(partial / path, expected, backup / path)
            except SetupError:
                if not is_again:
                    shutil.rmtree(partial)
                raise
        step.note = f"{len(manifest.files):,} files"
    for name in sorted({Path(path).parts[0] for path in manifest.files}):
        _replace(partial / name, var_dir / name)
    partial.rmdir()
    return manifest


def require_whole(var_dir: Path) -> None:
    """Refuse to go on in a place where a restore was broken off.

    Raises:
        SetupError: says so, and how to finish it.
    """
    if (var_dir / PARTIAL).is_dir():
        raise SetupError(f"A restore into {var_dir} was broken off: run the same `make restore` again.")


def _require_free(var_dir: Path) -> None:
    if found := [name for name in OF_A_SHOP if name != "logs" and (var_dir / name).exists()]:
        raise SetupError(
            f"{var_dir} holds an installation already ({found[0]}): name an empty VAR_DIR, or `make down` and move it."
        )


def _replace(source: Path, target: Path) -> None:
    """Put a file or folder in place of one that an earlier, broken off run of the same restore put there."""
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)
