"""Mark what was done completely for the present lock, so that it is done once. Standard library only."""

from __future__ import annotations

import hashlib
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.txt"


class Stamp:
    """A file that holds the lock's hash as it was when something was done.

    Args:
        path: the file, beside what it speaks of, so that both go together.
    """

    def __init__(self, path: Path):
        self.path = path

    def is_set(self) -> bool:
        """Tell whether it was done for the lock as it is now."""
        return self.path.exists() and self.path.read_text(encoding="utf-8").strip() == _hash_lock()

    def set(self) -> None:
        """Remember that it is done."""
        self.path.write_text(_hash_lock() + "\n", encoding="utf-8")


def _hash_lock() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()
