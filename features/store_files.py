"""Files of the ML store, a folder or an object-store prefix: named as each library wants it, read and written.

deltalake takes a folder for a URL if that parses as one, and polars takes a path as it stands; so each is given its own
spelling of the same place, here and nowhere else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType, PyFileSystem

MAX_RETRIES = 1


class StoreFiles:
    """The files of a store. Methods raise OSError where the storage fails."""

    def __init__(self, uri: str, storage_options: Mapping[str, str]):
        """Point at a place; nothing is read or created yet."""
        self.uri = uri
        self.storage_options = dict(storage_options)
        self.is_remote = "://" in uri

    @property
    def root(self) -> str:
        """Name the root for deltalake."""
        return self.uri if self.is_remote else f"file://{quote(str(Path(self.uri).absolute()))}"

    @property
    def polars_options(self) -> dict[str, Any] | None:
        """Options for polars, which bounds the tries of a request by their number alone; None for a folder."""
        return {"max_retries": MAX_RETRIES, **self.storage_options} if self.is_remote else None

    def path(self, name: str) -> str:
        """Name a file or folder for polars."""
        return f"{self.uri}/{name}"

    def folders(self) -> list[str]:
        """Name the folders at the root; none before the first write."""
        entries = self._list("", recursive=False)
        return sorted(entry.base_name for entry in entries if entry.type == FileType.Directory)

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the bytes of each file in a folder, subfolders included, by its path below the root."""
        entries = self._list(folder, recursive=True)
        # SeaweedFS goes on listing a folder whose files are gone, as an empty object of its name.
        return {one.path: one.size or 0 for one in entries if one.type == FileType.File and one.path != folder}

    def read(self, path: str) -> bytes | None:
        """Read a file; None if it is not there."""
        try:
            filesystem = self._filesystem()
        except TableNotFoundError:  # the root itself is made by the first write
            return None
        if filesystem.get_file_info(path).type is not FileType.File:
            return None
        with filesystem.open_input_stream(path) as stream:
            return bytes(stream.read())

    def write(self, path: str, data: bytes) -> None:
        """Write a file, in the place of one that was there."""
        if not self.is_remote:
            Path(self.uri).mkdir(parents=True, exist_ok=True)
        _Storage(self.root, self.storage_options).write(path, data)

    def copy(self, path: str, to: str) -> None:
        """Copy a file to another path below the root."""
        self._filesystem().copy_file(path, to)

    def delete(self, path: str) -> None:
        """Delete a file."""
        self._filesystem().delete_file(path)

    def write_rows(self, path: str, rows: pl.DataFrame) -> int:
        """Write rows as a Parquet file.

        Returns:
            The size of the file in bytes.
        """
        rows.write_parquet(
            self.path(path),
            compression="zstd",
            compression_level=1,
            storage_options=self.polars_options,
            mkdir=not self.is_remote,
        )
        return int(self._filesystem().get_file_info(path).size)

    def _list(self, folder: str, *, recursive: bool) -> list[Any]:
        selector = FileSelector(folder, recursive=recursive, allow_not_found=True)
        try:
            return list(self._filesystem().get_file_info(selector))
        except TableNotFoundError:  # the root itself is made by the first write
            return []

    def _filesystem(self) -> PyFileSystem:
        return PyFileSystem(_Storage(self.root, self.storage_options))


class _Storage(DeltaStorageHandler):  # type: ignore[misc]  # its types are not followed
    """deltalake's storage, which as it comes names an argument of copying wrongly and takes no buffer of pyarrow."""

    def copy_file(self, src: str, dst: str) -> None:
        """Copy a file."""
        self._handler.copy_file(src, dst)

    def write(self, path: str, data: bytes) -> None:
        """Write a file."""
        stream = self._handler.open_output_stream(path, None)
        stream.write(data)
        stream.close()


class PlainPathTable(DeltaTable):  # type: ignore[misc]  # its types are not followed
    """A table whose local files are named as they are called; deltalake percent-encodes the folder, polars does not."""

    def file_uris(self, *arguments: Any, **options: Any) -> list[str]:
        """Name the data files for polars."""
        uris: list[str] = super().file_uris(*arguments, **options)
        if not self.table_uri.startswith("file://"):
            return uris
        encoded = self.table_uri.removeprefix("file://")
        return [unquote(encoded) + uri.removeprefix(encoded) for uri in uris]
