"""Arrays of a snapshot as files: laid end to end bucket by bucket, summed, and mapped.

A file holds one array's bytes and nothing else; its type, shape and CRC-32 stand in the manifest of whoever wrote it.
What is mapped takes the memory of what was read, shared by all processes that map it.
"""

import zlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from math import prod
from os import fsync
from pathlib import Path
from typing import IO, Any

import numpy as np
import scipy.sparse

from features.snapshot.arrays import SnapshotArrays, Totals

OF_USERS = frozenset(
    {
        *("user_ids", "users", "user_categories", "exclusions", "totals.priced_lines"),
        *("history", "history_products", "history_offsets", "history_decayed", "totals.gross"),
    }
)
"""Files that grow with users and their purchases; all others are of products and the same for every bucket."""

BYTES_AT_ONCE = 2**20
SPARSE = ("data", "indices", "indptr")


class DamagedFileError(Exception):
    """A file is missing, or is not what the manifest says."""


@dataclass(frozen=True)
class ArrayFile:
    """What a file holds.

    Attributes:
        dtype: as numpy writes it, byte order included.
        shape: of the array.
        crc32: of its bytes.
    """

    dtype: str
    shape: tuple[int, ...]
    crc32: int

    @property
    def num_bytes(self) -> int:
        """The size of the file."""
        return prod(self.shape) * np.dtype(self.dtype).itemsize


class _Writer:
    """A file to which rows are appended."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._crc32 = 0
        self._num_rows = 0
        self._dtype: np.dtype[Any] | None = None
        self._row_shape: tuple[int, ...] = ()

    def append(self, rows: np.ndarray) -> None:
        """Write rows below those that are there."""
        data = np.ascontiguousarray(rows)
        self._file.write(data.data if data.size else b"")
        self._crc32 = zlib.crc32(data.data if data.size else b"", self._crc32)
        self._num_rows += len(data)
        self._dtype, self._row_shape = data.dtype, data.shape[1:]

    def finish(self) -> ArrayFile:
        """Bring what was written to the disk."""
        assert self._dtype is not None
        self._file.flush()
        fsync(self._file.fileno())
        return ArrayFile(self._dtype.str, (self._num_rows, *self._row_shape), self._crc32)


class _Folder:
    """The files of a snapshot that is being written."""

    def __init__(self, folder: Path, stack: ExitStack):
        self._folder = folder
        self._stack = stack
        self._writers: dict[str, _Writer] = {}
        self._bucket_offsets = [0]
        self._num_pairs = 0
        self._shared: SnapshotArrays | None = None

    def append_bucket(self, arrays: SnapshotArrays) -> None:
        """Write what is of the users of the next bucket."""
        num_users = len(arrays.user_ids)
        if num_users:
            self._append_users(arrays)
        if num_users or self._shared is None:
            self._shared = arrays
        self._bucket_offsets.append(self._bucket_offsets[-1] + num_users)

    def finish(self) -> dict[str, ArrayFile]:
        """Write what all buckets share, and bring everything to the disk."""
        assert self._shared is not None, "a snapshot has a bucket"
        if not self._bucket_offsets[-1]:
            self._append_users(self._shared)
        for name, values in _flatten(self._shared).items():
            if name not in OF_USERS:
                self._append(name, values)
        self._append("bucket_offsets", np.array(self._bucket_offsets, dtype=np.int64))
        return {name: writer.finish() for name, writer in self._writers.items()}

    def _append_users(self, arrays: SnapshotArrays) -> None:
        flat = _flatten(arrays)
        flat["exclusions"] = flat["exclusions"] + np.array([self._bucket_offsets[-1], 0, 0])
        flat["history_offsets"] = flat["history_offsets"]["history_offsets" in self._writers :] + self._num_pairs
        for name in OF_USERS & flat.keys():
            self._append(name, flat[name])
        self._num_pairs += len(arrays.history)

    def _append(self, name: str, rows: np.ndarray) -> None:
        if name not in self._writers:
            self._writers[name] = _Writer(self._stack.enter_context((self._folder / name).open("wb")))
        self._writers[name].append(rows)


def write_arrays(folder: Path, buckets: Iterable[SnapshotArrays]) -> dict[str, ArrayFile]:
    """Write the arrays of all user buckets into one file each; holds no more than one bucket in memory.

    Args:
        folder: empty.
        buckets: of one snapshot, each with the users of one bucket, in the order of the buckets; at least one.

    Returns:
        What each file holds, by its name.

    Raises:
        OSError: the storage fails, or is full.
    """
    with ExitStack() as stack:
        files = _Folder(folder, stack)
        for arrays in buckets:
            files.append_bucket(arrays)
        return files.finish()


def map_arrays(folder: Path, files: Mapping[str, ArrayFile]) -> SnapshotArrays:
    """Map the files; nothing is read but their sizes.

    Raises:
        DamagedFileError: a file is missing, is of another size, or there are others than the arrays have today.
    """
    flat = {name: _map(folder / name, file) for name, file in files.items()}
    try:
        return _join(flat)
    except (KeyError, TypeError, ValueError) as err:
        raise DamagedFileError(f"its files are not the arrays of today: {err}") from err


def require_whole(folder: Path, files: Mapping[str, ArrayFile]) -> None:
    """Read all files and compare their sums.

    Raises:
        DamagedFileError: one differs.
        OSError: one cannot be read.
    """
    for name, file in files.items():
        crc32 = 0
        with (folder / name).open("rb") as stream:
            while data := stream.read(BYTES_AT_ONCE):
                crc32 = zlib.crc32(data, crc32)
        if crc32 != file.crc32:
            raise DamagedFileError(f"{name} is damaged: its sum is {crc32:08x}, not {file.crc32:08x}")


def _map(path: Path, file: ArrayFile) -> np.ndarray:
    size = path.stat().st_size if path.is_file() else None
    if size != file.num_bytes:
        found = "missing" if size is None else f"{size} bytes long"
        raise DamagedFileError(f"{path.name} is {found}, not {file.num_bytes} bytes long")
    if not size:
        return np.empty(file.shape, dtype=file.dtype)
    return np.memmap(path, file.dtype, "r", shape=file.shape).view(np.ndarray)


def _flatten(arrays: SnapshotArrays) -> dict[str, np.ndarray]:
    """Name each array of a bucket, but for its offsets."""
    flat: dict[str, np.ndarray] = {}
    for name in (each.name for each in fields(SnapshotArrays) if each.name != "bucket_offsets"):
        value = getattr(arrays, name)
        if isinstance(value, scipy.sparse.csr_matrix):
            flat |= {f"{name}.{part}": getattr(value, part) for part in SPARSE}
        elif isinstance(value, Totals):
            flat |= {f"{name}.{part}": each for part, each in vars(value).items()}
        elif value is not None:
            flat[name] = value
    return flat


def _join(flat: Mapping[str, np.ndarray]) -> SnapshotArrays:
    """Undo `_flatten`, with the offsets."""
    whole: dict[str, Any] = {}
    parts: dict[str, dict[str, np.ndarray]] = {}
    for name, values in flat.items():
        field, _, part = name.partition(".")
        if part:
            parts.setdefault(field, {})[part] = values
        else:
            whole[name] = values
    if totals := parts.pop("totals", None):
        whole["totals"] = Totals(**totals)
    square = (len(whole["product_ids"]),) * 2
    for field, part_of in parts.items():
        whole[field] = scipy.sparse.csr_matrix(tuple(part_of[part] for part in SPARSE), shape=square)
    return SnapshotArrays(**whole)
