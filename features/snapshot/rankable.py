"""What ranking reads of a snapshot, wherever its arrays lie: in memory, or mapped from files."""

from datetime import datetime
from typing import Protocol

from features.snapshot.arrays import SnapshotArrays


class RankableSnapshot(Protocol):
    """Features as of an instant, as arrays."""

    @property
    def as_of(self) -> datetime:
        """The instant, UTC."""

    @property
    def feature_hash(self) -> str:
        """The hash of the definitions that it was built by."""

    @property
    def snapshot_id(self) -> str:
        """The hash of its rows; empty in snapshots from before there was any."""

    @property
    def arrays(self) -> SnapshotArrays:
        """The arrays."""
