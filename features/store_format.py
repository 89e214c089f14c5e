"""Format of an ML store: noted in a file at its root by who writes, so that an older release leaves the store alone."""

import json
from dataclasses import asdict, dataclass

from features.store_failures import StoreError
from features.store_files import StoreFiles
from settings.release import RELEASE

FILE = "_format.json"
FORMAT = 2
"""Raised when code of before would misread a store. 1 had no note; 2 brought partitions that the index names."""


@dataclass(frozen=True)
class Note:
    """What the file says: the format, and the release that wrote in it first."""

    format: int
    release: str


def require_known_format(files: StoreFiles) -> None:
    """Leave a store alone whose tables this release may misread.

    Raises:
        StoreError: a newer release has written it.
        OSError: the store does not answer.
    """
    found = _read(files)
    if found.format > FORMAT:
        raise StoreError(
            f"Release {found.release} has written the ML store {files.uri!r} in format {found.format}, and this is "
            f"release {RELEASE}, which knows none after {FORMAT}: run that one or a newer one, or restore a backup of "
            "before. Nothing was changed."
        )


def note_format(files: StoreFiles) -> None:
    """Note that the store is written in the format of this release, before anything of it is.

    Raises:
        StoreError: a newer release has written it.
        OSError: the store does not answer.
    """
    require_known_format(files)
    if _read(files).format < FORMAT:
        files.write(FILE, json.dumps(asdict(Note(FORMAT, RELEASE))).encode())


def _read(files: StoreFiles) -> Note:
    data = files.read(FILE)
    said = {} if data is None else json.loads(data)
    return Note(int(said.get("format", 1)), str(said.get("release", "")))
