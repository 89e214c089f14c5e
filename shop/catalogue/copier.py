"""Copies what pages read of a shop into the platform's database, round by round, each as of one instant.

A table is compared with the copy piece by piece, in the order of its keys, so that memory does not follow its size;
where these are of text, in any order, with a byte for each id. With a change column, a round reads only what changed
since the one before, and compares everything from time to time.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from shop.catalogue.lock import hold_copy
from shop.catalogue.source import Row, Rows, ShopSource, SourceSnapshot
from shop.catalogue.stored import CopyState, StoredTable
from shop.catalogue.tables import SHELVES, CopiedTable
from shop.failures import is_transient

FEW_ROWS = 100
"""A table of no more rows may lose any number of them at once."""

LARGEST_LOSS = 0.5
"""Share of a table's rows that one round deletes without being told to."""

COMPARED_EVERY = timedelta(minutes=10)
"""How long what was deleted, or changed without its change column, may stand in the copy that pages read."""

WHOLE_COMPARED_EVERY = timedelta(days=1)
"""The same of a table that is copied whole and has a change column; its rows are counted in each round besides."""

logger = logging.getLogger(__name__)


class Round(Enum):
    """How much a round reads of a table that was compared lately.

    Attributes:
        WHOLE: all of it.
        EXACT: what changed, or all of it where no change column tells; a sync reads the copy next.
        SHORT: what changed; of tables without a change column, products and categories alone are compared.
    """

    WHOLE = auto()
    EXACT = auto()
    SHORT = auto()


class MassDeletionError(Exception):
    """A shop lacks most of what it had; the copy keeps it."""


@dataclass
class RoundReport:
    """What a round did to a table; `num_read` counts rows of the shop."""

    name: str
    num_read: int = 0
    num_written: int = 0
    num_deleted: int = 0
    num_set_aside: int = 0

    def __str__(self) -> str:
        """Write it for a person."""
        aside = f", {self.num_set_aside:,} set aside" if self.num_set_aside else ""
        return f"{self.name}: {self.num_read:,} read, {self.num_written:,} written, {self.num_deleted:,} deleted{aside}"


class CatalogueCopier:
    """Keeps a copy of a shop. What a round has copied before it fails stays, and the next one goes on."""

    def __init__(self, source: ShopSource, platform: Engine, *, accepts_deletions: bool = False):
        """Copy nothing yet.

        Args:
            source: the shop.
            platform: the database that holds the copy.
            accepts_deletions: follow a shop that lacks most of what it had.
        """
        self._source = source
        self._platform = platform
        self._accepts_deletions = accepts_deletions

    def run_round(self, kind: Round = Round.WHOLE) -> list[RoundReport]:
        """Bring the copy up to date.

        Args:
            kind: how much to read. Whatever it says, a table is compared whose last comparison is too long ago, or
                which was read from another database or in another way then.

        Raises:
            MassDeletionError: the shop lacks most of what it had.
            CopyIsBusyError: the round of another process does not end.
            sqlalchemy.exc.SQLAlchemyError: a database fails.
        """
        with hold_copy(self._platform), self._source.open_snapshot() as snapshot:
            return [self._copy_table(snapshot, table, kind) for table in self._source.tables]

    def _copy_table(self, snapshot: SourceSnapshot, table: CopiedTable, kind: Round) -> RoundReport:
        began, has_changes = datetime.now(UTC), self._source.has_changes(table)
        copy = _TableCopy(self._source, snapshot, table, StoredTable(self._platform, table))
        state = copy.stored.read_state()
        if state is None or kind is Round.WHOLE or self._is_comparison_due(snapshot, table, state):
            state = copy.compare(accepts_deletions=self._accepts_deletions)
        elif has_changes:
            state = copy.take_changes(state)
            if table.is_whole and not copy.has_all(state):
                state = copy.compare(accepts_deletions=self._accepts_deletions)
        elif kind is Round.EXACT or table.name in SHELVES:
            state = copy.compare(accepts_deletions=self._accepts_deletions)
        else:
            return copy.report
        copy.stored.note(began, state)
        return copy.report

    def _is_comparison_due(self, snapshot: SourceSnapshot, table: CopiedTable, state: CopyState) -> bool:
        is_told = table.is_whole and self._source.has_changes(table)
        age = snapshot.bound - state.compared_at
        is_recent = timedelta(0) <= age < (WHOLE_COMPARED_EVERY if is_told else COMPARED_EVERY)
        return not is_recent or state.fingerprint != self._source.fingerprint(table)


class _TableCopy:
    """One table in one round."""

    def __init__(self, source: ShopSource, snapshot: SourceSnapshot, table: CopiedTable, stored: StoredTable):
        self.stored = stored
        self.report = RoundReport(table.name)
        self._source = source
        self._snapshot = snapshot
        self._table = table
        self._has_named = False

    def compare(self, *, accepts_deletions: bool) -> CopyState:
        """Read the whole table, write what differs, then delete what the shop lacks."""
        self.report.num_set_aside = 0
        find_gone = self._compare_in_order if self._source.is_ordered(self._table) else self._compare_in_any_order
        num_copied, gone = find_gone(self._read())
        if num_copied > FEW_ROWS and len(gone) > LARGEST_LOSS * num_copied and not accepts_deletions:
            raise MassDeletionError(
                f"the shop lacks {len(gone):,} of the {num_copied:,} {self._table.name} that were copied. They stay: "
                "is the database empty, or does the mapping fit no more? If they are gone indeed, run "
                "`python -m shop.catalogue --accept-deletions`"
            )
        self._delete(gone)
        bound = self._snapshot.bound
        return CopyState(bound, bound, self._source.fingerprint(self._table), self.report.num_set_aside)

    def take_changes(self, state: CopyState) -> CopyState:
        """Read and write the rows that changed since they were last read."""
        for rows in self._read(state.read_until):
            self._delete(self._write(rows, self.stored.read(rows.keys)))
        self.report.num_set_aside = state.num_set_aside
        return replace(state, read_until=self._snapshot.bound)

    def has_all(self, state: CopyState) -> bool:
        """Count both sides: rows that were deleted, or came with an old date, are told by no change column."""
        return self._source.count_rows(self._snapshot, self._table) == self.stored.count() + state.num_set_aside

    def _read(self, since: datetime | None = None) -> Iterator[Rows]:
        for rows in self._source.read_rows(self._snapshot, self._table, since):
            self.report.num_read += len(rows.keys) + rows.num_nameless
            yield rows

    def _compare_in_order(self, pieces: Iterable[Rows]) -> tuple[int, list[int]]:
        """Write what differs; returns how many rows the copy had, and the keys of those that go."""
        after: int | None = None
        gone: list[int] = []
        num_copied = 0
        for rows in pieces:
            self.report.num_set_aside += rows.num_nameless
            if not rows.keys:
                continue
            last = rows.keys[-1]
            copied = self.stored.read_between(after, last)
            num_copied, after = num_copied + len(copied), last
            gone += self._write(rows, copied) + list(copied.keys() - set(rows.keys))
        rest = list(self.stored.list_keys(after))
        return num_copied + len(rest), gone + rest

    def _compare_in_any_order(self, pieces: Iterable[Rows]) -> tuple[int, list[int]]:
        """Do the same for rows that come in any order, and set aside those that come again."""
        seen = bytearray()
        gone: list[int] = []
        num_new = 0
        for rows in pieces:
            seen.extend(bytes(max(0, max(rows.keys, default=0) + 1 - len(seen))))
            again = {key for key in rows.keys if seen[key]}
            first = Rows(
                {key: row for key, row in rows.readable.items() if key not in again},
                {key: reason for key, reason in rows.odd.items() if key not in again},
                names=rows.names,
            )
            for key in first.keys:
                seen[key] = 1
            copied = self.stored.read(first.keys)
            num_new += len(first.readable.keys() - copied.keys())
            self.report.num_set_aside += rows.num_nameless + len(again)
            gone += self._write(first, copied)
        num_copied = -num_new
        for key in self.stored.list_keys(None):
            num_copied += 1
            if key >= len(seen) or not seen[key]:
                gone.append(key)
        return num_copied, gone

    def _write(self, rows: Rows, copied: dict[int, Row]) -> list[int]:
        """Write the rows that differ from the copy's; returns the keys of copies whose rows are odd now."""
        changed = {key: row for key, row in rows.readable.items() if copied.get(key) != row}
        odd = {**rows.odd, **self._replace(changed)}
        for key, reason in odd.items():
            if not self._has_named:
                self._has_named = True
                name = rows.names.get(key, str(key))
                logger.warning("first row set aside table=%s key=%s reason=%r", self._table.name, name, reason)
            self.report.num_set_aside += 1
        self.report.num_written += len(changed.keys() - odd.keys())
        return list(odd.keys() & copied.keys())

    def _replace(self, changed: dict[int, Row]) -> dict[int, str]:
        """Write rows, one by one if the database refuses one of them; returns those that it refuses, and why."""
        try:
            self.stored.replace(changed)
        except (DBAPIError, OverflowError) as err:
            if isinstance(err, DBAPIError) and is_transient(err):
                raise
            if len(changed) == 1:
                return dict.fromkeys(changed, f"refused with {type(err).__name__}")
            refused = (self._replace({key: row}) for key, row in changed.items())
            return {key: reason for each in refused for key, reason in each.items()}
        return {}

    def _delete(self, keys: list[int]) -> None:
        self.stored.delete(keys)
        self.report.num_deleted += len(keys)
