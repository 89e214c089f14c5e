"""Snapshots that ranking servers map: written once on a machine as files, shared by its workers.

Memory and start do not grow with users. The files follow from the store alone, so that whatever is missing, of another
layout, cut off or damaged is written again. One process at a time opens or writes; the others wait, and map what is
there.
"""

import fcntl
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from errno import ENOSPC
from pathlib import Path
from tempfile import mkdtemp

from features.snapshot.array_files import ArrayFile, DamagedFileError, map_arrays, require_whole, write_arrays
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.index_row import find_row
from features.snapshot.tables import Snapshot, list_snapshots
from features.store import MLStore
from features.store_failures import StoreError

LAYOUT = 1
"""Of the files; to be raised when the same names come to mean something else."""

MANIFEST, LOCK, PART = "manifest.json", "lock", ".part-"
ID_DIGITS = 16
SPARE_BYTES = 64 * 2**20

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MappedSnapshot:
    """A snapshot whose arrays are mapped; see `RankableSnapshot`.

    Attributes:
        folder: of its files. Who maps them keeps them, even if they are deleted there.
        was_there: whether the files are from before, so that they may have been damaged since.
    """

    as_of: datetime
    feature_hash: str
    snapshot_id: str
    arrays: SnapshotArrays
    folder: Path
    was_there: bool


class MappedSnapshots:
    """The mapped snapshots of a machine: the newest one, as a rule."""

    def __init__(self, store: MLStore, folder: Path):
        """Read nothing yet.

        Args:
            store: the ML store, from which the files are made.
            folder: where they lie; its processes may be many.
        """
        self._store = store
        self._folder = folder

    def open(self, as_of: datetime | None = None) -> MappedSnapshot:
        """Map a snapshot, and write its files before that if need be; those of other snapshots are deleted.

        Args:
            as_of: the instant; the newest snapshot if it is None.

        Raises:
            StoreError: there is no such snapshot, the store cannot be read, or the files cannot be written.
        """
        try:
            with self._lock():
                return self._open(as_of)
        except OSError as err:
            raise StoreError(f"The snapshot cannot be mapped in {str(self._folder)!r}: {err.strerror or err}.") from err

    def discard_damaged(self, mapped: MappedSnapshot) -> str | None:
        """Read all files of a snapshot, and delete them if one is damaged: the next `open` writes them again.

        Returns:
            What is damaged; `None` where nothing is.
        """
        damage = _find_damage(mapped.folder)
        if damage:
            with self._lock():
                if mapped.folder.is_dir() and _find_damage(mapped.folder):  # nobody has written it again meanwhile
                    shutil.rmtree(mapped.folder)
        return damage

    def _open(self, as_of: datetime | None) -> MappedSnapshot:
        row = find_row(list_snapshots(self._store), as_of)
        instant, snapshot_id = datetime.fromisoformat(row["as_of"]), row.get("snapshot_id") or ""
        folder = self._folder / f"{instant:%Y%m%dT%H%M%S%fZ}-{snapshot_id[:ID_DIGITS] or 'unnamed'}"
        was_there = True
        try:
            arrays = map_arrays(folder, _read_manifest(folder))
        except DamagedFileError as err:
            was_there = False
            logger.info("snapshot is written to be mapped as_of=%s reason=%s", row["as_of"], err)
            self._write(folder, instant, snapshot_id, row["num_buckets"])
            arrays = map_arrays(folder, _read_manifest(folder))
        self._delete_all_but(folder)
        return MappedSnapshot(instant, row["feature_hash"], snapshot_id, arrays, folder, was_there)

    def _write(self, folder: Path, as_of: datetime, snapshot_id: str, num_buckets: int) -> None:
        """Write the files in a folder of another name, which takes the right one when all are on the disk."""
        self._delete_all_but(None, begun=True)
        part = Path(mkdtemp(prefix=PART, dir=self._folder))
        try:
            files = write_arrays(part, self._read_buckets(part, as_of, snapshot_id, num_buckets))
            manifest = {"layout": LAYOUT, "files": {name: asdict(file) for name, file in files.items()}}
            (part / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _read_buckets(
        self, part: Path, as_of: datetime, snapshot_id: str, num_buckets: int
    ) -> Iterator[SnapshotArrays]:
        """Read a bucket at a time."""
        snapshot: Snapshot | None = None
        for bucket in range(num_buckets):
            if bucket == 1:
                self._require_room(part, num_buckets)
            snapshot = Snapshot.open(self._store, as_of, bucket, beside=snapshot)
            if snapshot.snapshot_id != snapshot_id:
                raise StoreError(f"The snapshot as of {as_of.isoformat()} was rebuilt while it was read.")
            yield snapshot.arrays

    def _require_room(self, part: Path, num_buckets: int) -> None:
        """Require room for buckets as large as the first one, so that a disk is not filled to find that out."""
        needed = (num_buckets - 1) * sum(file.stat().st_size for file in part.iterdir())
        free = shutil.disk_usage(part).free
        if free < needed + SPARE_BYTES:
            raise OSError(ENOSPC, f"{free >> 20} MB are free, about {(needed + SPARE_BYTES) >> 20} MB more are needed")

    def _delete_all_but(self, kept: Path | None, *, begun: bool = False) -> None:
        """Delete the folders of other snapshots, or what somebody began to write and did not finish."""
        for each in self._folder.iterdir():
            if each.is_dir() and each != kept and each.name.startswith(PART) == begun:
                shutil.rmtree(each)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Let no other process of this machine open or write meanwhile; the lock of one that dies is free."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _find_damage(folder: Path) -> str | None:
    try:
        require_whole(folder, _read_manifest(folder))
    except (DamagedFileError, OSError) as err:
        return str(err)
    return None


def _read_manifest(folder: Path) -> dict[str, ArrayFile]:
    """Read which files there are.

    Raises:
        DamagedFileError: there are none, or of another layout.
    """
    if not (folder / MANIFEST).is_file():
        raise DamagedFileError("there are no files of it")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["layout"] != LAYOUT:
            raise DamagedFileError(f"its files are of layout {manifest['layout']}, not {LAYOUT}")
        return {
            name: ArrayFile(file["dtype"], tuple(file["shape"]), file["crc32"])
            for name, file in manifest["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise DamagedFileError(f"{MANIFEST} is damaged: {type(err).__name__}") from err
