"""Check of mapped files while they serve: their sums are read once after a start, which would wait too long for it."""

import logging
import threading
from collections.abc import Callable

from features.snapshot.mapped import MappedSnapshot, MappedSnapshots

logger = logging.getLogger(__name__)


class SnapshotCheck:
    """Reads the files of the snapshot that serves, and has it opened again if one was damaged."""

    def __init__(self, snapshots: MappedSnapshots, look_now: Callable[[], None]):
        """Read nothing yet.

        Args:
            snapshots: where it is mapped from.
            look_now: called once damage was found; must return at once.
        """
        self._snapshots = snapshots
        self._look_now = look_now
        self._damaged: MappedSnapshot | None = None

    def begin(self, snapshot: MappedSnapshot) -> None:
        """Read the files in a thread, unless they were written just now."""
        if snapshot.was_there:
            threading.Thread(target=self._check, args=(snapshot,), name="snapshot-check", daemon=True).start()

    def has_refused(self, snapshot: MappedSnapshot) -> bool:
        """Return whether files of the snapshot were found damaged, and deleted."""
        return snapshot is self._damaged

    def _check(self, snapshot: MappedSnapshot) -> None:
        if damage := self._snapshots.discard_damaged(snapshot):
            logger.warning("snapshot is mapped again as_of=%s reason=%s", snapshot.as_of.isoformat(), damage)
            self._damaged = snapshot
            self._look_now()
