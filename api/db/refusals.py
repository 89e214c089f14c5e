"""Which errors of a database get a line in the log: one that stays until somebody mends it is told of once an hour.

Work that tries again every few seconds tells of its trouble once until that changes.
"""

import time
from collections.abc import Callable

from shop.failures import describe, find_remedy

REMINDER_SECONDS = 3600.0


class RefusalLog:
    """Remembers which refusals the log has told of. Used from one thread, the event loop's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        """Have told of nothing yet.

        Args:
            clock: gives seconds that never go back.
        """
        self._clock = clock
        self._told: dict[str, float] = {}

    def is_news(self, error: BaseException) -> bool:
        """Return whether to tell of an error: of any but a refusal with the words of one that was told of lately."""
        if find_remedy(error) is None:
            return True
        words, now = describe(error), self._clock()
        self._told = {told: at for told, at in self._told.items() if now - at < REMINDER_SECONDS}
        if words in self._told:
            return False
        self._told[words] = now
        return True


class LastTrouble:
    """Remembers what holds up work that is tried again and again."""

    def __init__(self) -> None:
        """Begin without trouble."""
        self._words = ""

    def is_new(self, words: str) -> bool:
        """Note the trouble of a try; returns whether it is another one than at the try before."""
        before, self._words = self._words, words
        return words != before

    def end(self) -> None:
        """Note a try without trouble."""
        self._words = ""
