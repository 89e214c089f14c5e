"""Which changes of the catalogue this process knows, though transactions commit in another order than they began.

Changes are numbered when they are made and seen when they are committed: a number that is not there may be of a
transaction that is still open. Up to a certain number all are known; beyond it the known ones are counted, so that a
page finds out by one number, the count of those that are there, whether one has come. A number that stays missing for
long is rather one that was rolled back: it is looked for beside the pages from then on, and given up in the end.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from api.queries.catalogue_changes import Change

COUNTED_SECONDS = 5.0
"""How long pages look for a missing number themselves."""

LOOKED_FOR_SECONDS = 3600.0
MOST_MISSING = 1_000
WIDEST = 20_000
"""From the first unknown number to the newest at most: one that lies further on begins the count anew."""


class Position(NamedTuple):
    """What a page's read asks by.

    Attributes:
        epoch: another one begins where the log is no longer followed change by change.
        after: pages count the changes after this one.
        num_before: changes known up to it, in this epoch.
    """

    epoch: int
    after: int
    num_before: int


class Seen(NamedTuple):
    """What a page saw of the log: how many changes there are, counted from the beginning of an epoch."""

    epoch: int
    num_changes: int


class KnownChanges:
    """The changes that are known. Used from one thread, but for `position`, which is replaced as a whole."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        """Know nothing.

        Args:
            clock: gives seconds that never go back.
        """
        self._clock = clock
        self._beyond: set[int] = set()
        self._noticed: dict[int, float] = {}
        self._missing: dict[int, float] = {}
        self._epoch = 0
        self.position: Position | None = None

    @property
    def missing(self) -> list[int]:
        """Numbers that pages count no more, and that may still come."""
        return list(self._missing)

    def knows(self, seen: Seen) -> bool:
        """Return whether all that a page saw is known."""
        at = self.position
        return at is not None and seen.epoch == at.epoch and seen.num_changes <= at.num_before + len(self._beyond)

    def forget(self) -> None:
        """Know nothing any more."""
        self.position = None

    def begin(self, after: int) -> None:
        """Begin an epoch: nothing is known of what was before."""
        self._epoch += 1
        self._beyond, self._noticed, self._missing = set(), {}, {}
        self.position = Position(self._epoch, after, 0)

    def note(self, changes: Iterable[Change]) -> list[int]:
        """Take what was read after `position`, and what was missing; returns the products of which it is news."""
        assert self.position is not None
        news: list[int] = []
        for number, product_id in changes:
            if number > self.position.after and number not in self._beyond:
                self._beyond.add(number)
                news.append(product_id)
            elif self._missing.pop(number, None) is not None:
                news.append(product_id)
        self._advance()
        return news

    def _advance(self) -> None:
        """Move the position over what is known, and over what has been missing for long."""
        assert self.position is not None
        now, newest = self._clock(), max(self._beyond, default=0)
        epoch, after, num_before = self.position
        if newest - after > WIDEST:
            self.begin(newest)
            return
        is_counted = False
        for number in range(after + 1, newest + 1):
            is_known = number in self._beyond
            noticed_at = now if is_known else self._noticed.setdefault(number, now)
            is_counted = is_counted or (not is_known and now - noticed_at < COUNTED_SECONDS)
            if is_counted:  # as are all that come after
                continue
            after = number
            if is_known:
                self._beyond.discard(number)
                num_before += 1
            else:
                self._missing[number] = noticed_at
        self._noticed = {each: at for each, at in self._noticed.items() if each > after and each not in self._beyond}
        young = [(number, at) for number, at in self._missing.items() if now - at < LOOKED_FOR_SECONDS]
        self._missing = dict(young[-MOST_MISSING:])
        self.position = Position(epoch, after, num_before)
