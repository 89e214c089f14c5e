"""Stamp files: record that a step was completed for the present files, so that it runs once. Standard library only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.txt"


class Stamp:
    """A file that holds the hash of other files as they were when something was done.

    Args:
        path: the file, beside what it speaks of, so that both go together.
        files: what the work depends on; by default the lock of the Python packages.
        note: whatever else it depends on.
    """

    def __init__(self, path: Path, files: Iterable[Path] = (LOCK,), note: str = ""):
        self.path = path
        self._files = tuple(files)
        self._note = note

    def is_set(self) -> bool:
        """Return whether it was done for the files as they are now."""
        return self.path.exists() and self.path.read_text(encoding="utf-8").strip() == self._hash()

    def set(self) -> None:
        """Remember that it is done."""
        self.path.write_text(self._hash() + "\n", encoding="utf-8")

    def _hash(self) -> str:
        digest = hashlib.sha256(self._note.encode())
        for file in self._files:
            digest.update(file.read_bytes())
        return digest.hexdigest()
