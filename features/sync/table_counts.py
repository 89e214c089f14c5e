"""What one run found in one table, counted."""

from dataclasses import dataclass

from features.sync.destination.scd2 import Changes


@dataclass
class TableCounts:
    """What one run found in one table; rows, quarantined and set aside are the state after it, the rest is change."""

    num_rows: int = 0
    num_quarantined: int = 0
    num_set_aside: int = 0
    num_inserted: int = 0
    num_changed: int = 0
    num_revived: int = 0
    num_deleted: int = 0
    num_future: int = 0
    num_ahead: int = 0
    num_recreated: int = 0
    num_contradicting: int = 0
    num_zero_dates: int = 0
    num_ranges: int = 0
    num_ranges_swept: int = 0
    num_ranges_differing: int = 0

    def describe_changes(self) -> str:
        """Write the changes as fields of a log line."""
        return " ".join(
            f"{name.removeprefix('num_')}={getattr(self, name)}"
            for name in ("num_inserted", "num_changed", "num_revived", "num_deleted", "num_quarantined")
        )

    def add(self, changes: Changes) -> None:
        """Count changes."""
        self.num_inserted += changes.num_inserted
        self.num_changed += changes.num_changed
        self.num_revived += changes.num_revived
        self.num_deleted += changes.num_deleted
        self.num_quarantined += changes.num_quarantined
        self.num_recreated += changes.num_recreated
        self.num_contradicting += changes.num_contradicting
