"""Lease with a fencing token, kept in the store itself: one writer at a time, across machines.

The number grows with each holder. A holder whose process is dead (same host) or whose lease ran out is taken over.
Who takes over marks the tables with the new number, so that a commit of the old holder, should it wake up, fails.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import polars as pl
from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError, DeltaError

from features.store import MLStore
from features.store_failures import StoreError, describe_failure
from features.store_format import note_format
from features.store_writing import write_rows
from features.sync.destination.versioned_table import fence

LEASE_TABLE = "_lease"
LEASE_CONFIGURATION = {"delta.logRetentionDuration": "interval 1 days", "delta.checkpointInterval": "20"}
TIME_TO_LIVE = timedelta(minutes=2)
NOBODY = ""
UNKNOWN = "unknown"
"""Holder where the table's rows were lost: it may still be at work."""


class LeaseTakenError(StoreError):
    """Another process writes to the store now: leave, and come back later."""


class LeaseLostError(StoreError):
    """This process has lost its lease to a newer one and must write nothing more."""


@dataclass(frozen=True)
class LeaseRow:
    """The one row of the lease table, and the version of the table that holds it."""

    number: int
    holder: str
    expires_at: datetime
    version: int


@dataclass
class Lease:
    """The right to write to the synced tables, for as long as it is renewed."""

    store: MLStore
    row: LeaseRow
    is_taken_over: bool

    @property
    def number(self) -> int:
        """Return the fencing number."""
        return self.row.number

    def renew(self) -> None:
        """Prolong the lease once a quarter of its life is over; cheap to call often.

        Raises:
            LeaseLostError: a newer holder exists.
        """
        if self.row.expires_at - datetime.now(UTC) < TIME_TO_LIVE * 3 / 4:
            try:
                self.row = _replace(self.store, self.require(), self.number, self.row.holder)
            except LeaseTakenError as error:
                raise LeaseLostError(f"Run {self.number} has lost the store to a newer run.") from error

    def require(self) -> LeaseRow:
        """Make sure that nobody has taken the lease over.

        Returns:
            The lease as the store has it now.

        Raises:
            LeaseLostError: a newer holder exists.
        """
        current = _read(self.store)
        if current is None or (current.number, current.holder) != (self.number, self.row.holder):
            raise LeaseLostError(f"Run {self.number} has lost the store to a newer run: it writes nothing more.")
        return current


@contextmanager
def hold_lease(store: MLStore) -> Iterator[Lease]:
    """Hold the lease for the length of the block.

    Raises:
        LeaseTakenError: another living process holds it; the message says which.
        StoreError: the store does not answer, or a newer release has written it.
    """
    current = _read(store)
    if current is not None and _may_be_alive(current):
        raise LeaseTakenError(
            f"Run {current.number} ({current.holder}) writes to the store {store.uri!r} now; "
            f"its lease ends at {current.expires_at:%H:%M:%S} UTC unless it is renewed."
        )
    note_format(store.files)
    number = 1 if current is None else current.number + 1
    holder = f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"
    lease = Lease(store, _replace(store, current, number, holder), current is not None and current.holder != NOBODY)
    if lease.is_taken_over or current is None:  # a lease that was lost may have had a holder
        fence(store, number)
    try:
        yield lease
    finally:
        current = _read(store)
        if current is not None and (current.number, current.holder) == (number, holder):
            _replace(store, current, number, NOBODY)


def _read(store: MLStore) -> LeaseRow | None:
    if not store.exists(LEASE_TABLE):
        return None
    table = store.open(LEASE_TABLE)
    rows = pl.scan_delta(table).collect().sort("number", "expires_at")
    if rows.is_empty():
        return LeaseRow(0, UNKNOWN, datetime.fromtimestamp(0, UTC), table.version())
    row = rows.row(-1, named=True)
    return LeaseRow(row["number"], row["holder"], row["expires_at"], table.version())


def _replace(store: MLStore, current: LeaseRow | None, number: int, holder: str) -> LeaseRow:
    """Write the lease on top of the row that was read, or not at all.

    Raises:
        LeaseTakenError: another process was quicker.
    """
    expires_at = datetime.now(UTC) + TIME_TO_LIVE
    frame = pl.DataFrame({"number": [number], "holder": [holder], "expires_at": [expires_at]})
    once = CommitProperties(max_commit_retries=0)
    try:
        if current is None:
            write_rows(
                store.table_uri(LEASE_TABLE),
                frame,
                store.storage_options,
                mode="error",
                configuration=LEASE_CONFIGURATION,
                commit_properties=once,
            )
        else:
            table = store.open(LEASE_TABLE, current.version)
            write_rows(table, frame, store.storage_options, mode="overwrite", commit_properties=once)
    except (DeltaError, OSError) as error:
        if isinstance(error, CommitFailedError) or (current is None and _is_anothers(store, holder)):
            raise LeaseTakenError(f"Another process took the lease of {store.uri!r} at the same moment.") from error
        raise StoreError(describe_failure(store.uri, error)) from error
    return LeaseRow(number, holder, expires_at, 0 if current is None else current.version + 1)


def _is_anothers(store: MLStore, holder: str) -> bool:
    """Return whether somebody else made the lease, whose making has just failed here."""
    made = _read(store)
    return made is not None and made.holder != holder


def _may_be_alive(lease: LeaseRow) -> bool:
    """Return whether the holder may still be at work. A process of this host that is gone is not."""
    if lease.holder == NOBODY or lease.expires_at < datetime.now(UTC):
        return False
    host, pid, _run = lease.holder.split("/")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
