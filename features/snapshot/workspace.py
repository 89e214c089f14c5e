"""Files of a rebuild that is under way, which its workers share: in the store, and seen by no reader of it.

A rebuild is named by what it is made from, so that workers who know nothing of each other share one. A note is written
whole or not at all, after the files that it names; files that no note names do not count. Whoever does a piece of work
again writes other files, and a note that says the same.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import polars as pl

from features.store import MLStore

FOLDER = "_rebuild"
BEGUN = "begun"


class Workspace:
    """The notes and files of one rebuild."""

    def __init__(self, store: MLStore, name: str):
        """Point at a rebuild; nothing is read or created yet."""
        self.store = store
        self.name = name

    def begin(self) -> None:
        """Note that the rebuild is under way, before its first file: `delete_abandoned` goes by that."""
        self.write_note(BEGUN, {})

    def write_frame(self, what: str, frame: pl.DataFrame) -> str:
        """Write rows into a file of their own.

        Returns:
            The file's name, to be noted.
        """
        path = f"{FOLDER}/{self.name}-{what}-{uuid4().hex}.parquet"
        self.store.files.write_rows(path, frame)
        return path

    def scan_frames(self, paths: Sequence[str]) -> pl.LazyFrame:
        """Read rows of one or several files lazily."""
        return scan_files(self.store, paths)

    def delete_frames(self, paths: Sequence[str]) -> None:
        """Delete files that nobody needs any more."""
        for path in paths:
            self.store.files.delete(path)

    def write_note(self, what: str, note: Mapping[str, Any]) -> None:
        """Write a note, in place of one that was there."""
        said = {**note, "noted_at": datetime.now(UTC).isoformat()}
        self.store.files.write(self._name_note(what), json.dumps(said).encode())

    def read_note(self, what: str) -> dict[str, Any] | None:
        """Read a note; None if nobody wrote it."""
        data = self.store.files.read(self._name_note(what))
        return None if data is None else dict(json.loads(data))

    def delete(self) -> None:
        """Delete all files of the rebuild: the notes first, and the one that it has begun last."""
        paths = [path for path in self.store.files.sizes(FOLDER) if path.startswith(f"{FOLDER}/{self.name}-")]
        begun = self._name_note(BEGUN)
        for path in sorted(paths, key=lambda path: (path == begun, not path.endswith(".json"))):
            self.store.files.delete(path)

    def _name_note(self, what: str) -> str:
        return f"{FOLDER}/{self.name}-{what}.json"


def scan_files(store: MLStore, paths: Sequence[str]) -> pl.LazyFrame:
    """Read Parquet files of a store lazily, at least one, named below its root."""
    names = [store.files.path(path) for path in paths]
    return pl.scan_parquet(names, glob=False, hive_partitioning=False, storage_options=store.files.polars_options)


def name_workspace(as_of: datetime, made_from: Mapping[str, Any]) -> str:
    """Name a rebuild by its instant and all that its numbers depend on."""
    digest = sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{digest[:12]}"


def delete_abandoned(store: MLStore, before: datetime) -> list[str]:
    """Delete the rebuilds that nobody began after an instant and nobody finished.

    Returns:
        Their names.
    """
    suffix = f"-{BEGUN}.json"
    paths = list(store.files.sizes(FOLDER))
    begun = {path.removeprefix(f"{FOLDER}/").removesuffix(suffix) for path in paths if path.endswith(suffix)}
    abandoned = []
    for name in sorted(begun):
        note = Workspace(store, name).read_note(BEGUN)
        if note is not None and datetime.fromisoformat(note["noted_at"]) < before:
            Workspace(store, name).delete()
            abandoned.append(name)
    return abandoned
