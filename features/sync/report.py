"""Report of a sync: a table for people, JSON for the scheduler, a row of `_sync_runs` for later."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from features.store import MLStore
from features.store_writing import write_rows
from features.sync.table_counts import TableCounts

RUNS_TABLE = "_sync_runs"


@dataclass(frozen=True)
class TableReport:
    """One table: what was counted, the version that its commit made (None: nothing changed), its watermark."""

    counts: TableCounts
    version: int | None
    watermark: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**asdict(self.counts), "version": self.version, "watermark": self.watermark}


@dataclass(frozen=True)
class TableVerdict:
    """One table compared with the shop by checksums of its key ranges."""

    num_rows: int
    num_ranges: int
    num_differing: int
    num_repaired: int

    @property
    def is_equal(self) -> bool:
        """Return whether nothing differs after the repair."""
        return self.num_differing == self.num_repaired


@dataclass(frozen=True)
class SyncReport:
    """One run.

    Attributes:
        bound: the shop's clock at the snapshot.
        seconds: how long the run took.
        newest_order: when the newest order was placed, as far as the store knows; `None` without any.
    """

    number: int
    bound: datetime
    tables: dict[str, TableReport]
    warnings: list[str] = field(default_factory=list)
    verification: dict[str, TableVerdict] | None = None
    seconds: float = 0.0
    newest_order: datetime | None = None

    @property
    def is_equal(self) -> bool:
        """Return whether the verification, if there was one, found or made the store equal to the shop."""
        return self.verification is None or all(verdict.is_equal for verdict in self.verification.values())

    @property
    def verdict(self) -> str | None:
        """Put the verification into one sentence, if there was one."""
        if self.verification is None:
            return None
        verdicts = self.verification.values()
        ranges, repaired = sum(one.num_ranges for one in verdicts), sum(one.num_repaired for one in verdicts)
        stays = [name for name, one in self.verification.items() if not one.is_equal]
        checked = f"{sum(one.num_rows for one in verdicts):,} rows in {ranges:,} ranges compared, {repaired:,} repaired"
        if num_set_aside := sum(table.counts.num_set_aside for table in self.tables.values()):
            checked += f", {num_set_aside:,} that cannot be read set aside"
        return f"DIFFERS in {', '.join(stays)}: {checked}" if stays else f"equal: {checked}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: small, without NaN, ready for XCom."""
        verification = None
        if self.verification is not None:
            tables = {name: {**asdict(v), "is_equal": v.is_equal} for name, v in self.verification.items()}
            verification = {"is_equal": self.is_equal, "tables": tables}
        return {
            "state": "synced" if self.is_equal else "mismatch",
            "run": self.number,
            "bound": self.bound.isoformat(timespec="microseconds"),
            "newest_order": self.newest_order and self.newest_order.isoformat(timespec="microseconds"),
            "seconds": round(self.seconds, 2),
            "num_rows": sum(table.counts.num_rows for table in self.tables.values()),
            "tables": {name: table.to_json() for name, table in self.tables.items()},
            "warnings": self.warnings,
            "verdict": self.verdict,
            "verification": verification,
        }

    def to_table(self) -> str:
        """Return a table for people."""
        heads = ["table", "rows", "new", "changed", "back", "gone", "waiting", "version", "verified"]
        lines = [[name, *self._cells(name, table)] for name, table in self.tables.items()]
        widths = [max(len(line[column]) for line in [heads, *lines]) for column in range(len(heads))]
        text = [
            "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in cells)
            for cells in (list(enumerate(zip(line, widths, strict=True))) for line in [heads, *lines])
        ]
        return "\n".join(
            [*text, f"run {self.number}: {self.seconds:.1f} s, shop as of {self.bound:%Y-%m-%d %H:%M:%S} UTC"]
        )

    def _cells(self, name: str, table: TableReport) -> list[str]:
        counts = table.counts
        numbers = [counts.num_rows, counts.num_inserted, counts.num_changed, counts.num_revived, counts.num_deleted]
        verdict = "" if self.verification is None else _describe(self.verification[name])
        version = "-" if table.version is None else str(table.version)
        return [*(f"{number:,}" for number in [*numbers, counts.num_quarantined]), version, verdict]


def record_run(store: MLStore, report: SyncReport, started_at: datetime) -> None:
    """Append the run to the store's own log of runs."""
    row = pl.DataFrame(
        {
            "run": [report.number],
            "started_at": [started_at],
            "finished_at": [datetime.now(UTC)],
            "bound": [report.bound],
            "is_equal": [report.is_equal if report.verification is not None else None],
            "report": [json.dumps(report.to_json())],
        },
        schema_overrides={"is_equal": pl.Boolean()},
    )
    write_rows(store.table_uri(RUNS_TABLE), row, store.storage_options, mode="append")


def _describe(verdict: TableVerdict) -> str:
    if not verdict.is_equal:
        return f"{verdict.num_differing - verdict.num_repaired} RANGES DIFFER"
    return "equal" if not verdict.num_differing else f"equal, {verdict.num_differing} repaired"
