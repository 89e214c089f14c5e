"""Folder of a backup: its files with their checksums. Standard library only: hosts of containers read it too."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from deploy.interpreter import SetupError

MANIFEST = "backup.json"
UNFINISHED = ".unfinished"
BESIDE_DATABASES = (".db-wal", ".db-shm", ".db-journal")
"""Ends of the names of files whose content a copied SQLite database has in itself."""


@dataclass(frozen=True)
class BackedUpFile:
    """A file of a backup: its bytes and their SHA-256."""

    size: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        taken_at: when it was begun.
        version: of the release that took it.
        revisions: of each schema.
        files: by path below the folder.
    """

    taken_at: datetime
    version: str
    revisions: dict[str, str]
    files: dict[str, BackedUpFile]

    @property
    def megabytes(self) -> float:
        """Size of all files, in MB."""
        return sum(file.size for file in self.files.values()) / 1e6


def begin(to: Path) -> Path:
    """Make the folder that a backup is written into until it is whole.

    Raises:
        SetupError: the backup's own folder is there already.
    """
    if to.exists():
        raise SetupError(f"{to} is there already: name a new folder, such as TO={to}-2.")
    unfinished = to.with_name(to.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    return unfinished


def finish(to: Path, taken_at: datetime, version: str, revisions: dict[str, str]) -> Manifest:
    """Note the checksum of every file; the folder then appears under its name."""
    unfinished = to.with_name(to.name + UNFINISHED)
    manifest = Manifest(taken_at, version, revisions, describe_files(unfinished))
    written = asdict(manifest) | {"taken_at": taken_at.isoformat()}
    (unfinished / MANIFEST).touch(mode=0o600)
    (unfinished / MANIFEST).write_text(json.dumps(written, indent=1), encoding="utf-8")
    unfinished.rename(to)
    return manifest


def read_manifest(backup: Path) -> Manifest:
    """Read what a backup holds.

    Raises:
        SetupError: there is none, it cannot be read, or files are missing.
    """
    try:
        manifest = _parse((backup / MANIFEST).read_text(encoding="utf-8"))
    except OSError as err:
        raise SetupError(
            f"{backup} holds no backup: {err.strerror or err}. `make backup TO=FOLDER` makes one."
        ) from err
    except (AttributeError, KeyError, TypeError, ValueError) as err:
        raise SetupError(f"{backup / MANIFEST} cannot be read: {err}.") from err
    if missing := [path for path in manifest.files if not (backup / path).is_file()]:
        raise SetupError(f"{len(missing):,} files of the backup {backup} are missing, the first {missing[0]}.")
    return manifest


def _parse(text: str) -> Manifest:
    read = json.loads(text)
    return Manifest(
        taken_at=datetime.fromisoformat(read["taken_at"]),
        version=str(read["version"]),
        revisions={name: str(revision) for name, revision in read["revisions"].items()},
        files={path: BackedUpFile(int(file["size"]), str(file["digest"])) for path, file in read["files"].items()},
    )


def require_same(copy: Path, expected: BackedUpFile, original: Path) -> None:
    """Compare a copy with what was backed up.

    Raises:
        SetupError: it is another file.
    """
    if describe_file(copy) != expected:
        raise SetupError(f"{original} is not what was backed up: take another backup.")


def describe_files(folder: Path) -> dict[str, BackedUpFile]:
    """Return size and hash of every file below a folder, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): describe_file(path) for path in files}


def describe_file(path: Path) -> BackedUpFile:
    """Return size and hash of a file."""
    with path.open("rb") as file:
        return BackedUpFile(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def copy_file(source: Path, target: Path) -> None:
    """Copy a file with its rights; one that is deleted meanwhile is left out, as its owner does."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


def copy_tree(source: Path, target: Path) -> None:
    """Copy all files below a folder, SQLite databases as they stand at one moment, while others write there."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.name.endswith(BESIDE_DATABASES):
            copy = copy_database if path.suffix == ".db" else copy_file
            copy(path, target / path.relative_to(source))


def put_back(manifest: Manifest, backup: Path, part: str, target: Path) -> int:
    """Put a part of a backup into an empty folder, comparing each file with its checksum.

    Args:
        manifest: of the backup.
        backup: its folder.
        part: name of a folder in it.
        target: a folder that is there and holds nothing.

    Returns:
        The number of files.

    Raises:
        SetupError: the folder holds something, or a file is not what was backed up.
    """
    if any(target.iterdir()):
        raise SetupError(f"{target} holds something already: a backup is put back into an empty place.")
    count = 0
    for path, expected in manifest.files.items():
        if path.startswith(f"{part}/"):
            copy = target / path.removeprefix(f"{part}/")
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy2(backup / path, copy)
            require_same(copy, expected, backup / path)
            count += 1
    return count


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database as it stands at one moment, while others read and write it."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file; who opens it next chooses again
