"""Load shedding: turns reads away at once while the requests at work are more than can be answered in time.

How many may be at work is found out by additive increase and multiplicative decrease, as TCP finds its window: each
answer in time adds a little, one that came late takes a tenth away. No capacity has to be known, and a database that
becomes slow counts as much as a processor that is busy. The protocol asks (`api/web/protocol.py`): a request that waits
for the event loop is at work too. What writes is never turned away.
"""

import logging
import time
from collections.abc import Callable

from api.web.metrics import Metrics
from api.web.turns import Turns

WANTED_SECONDS = 0.2
"""An answer later than this is late. Shoppers wait a little longer: a request's bytes wait for the event loop too."""

FEWEST, MOST = 16, 1024
AT_FIRST = 256

GROWTH = 10.0
"""Requests that the limit grows by while so many were answered in time as may be at work."""

DECREASE = 0.9
PAUSE_SECONDS = 0.05
"""Between two decreases: answers that were late together count once."""

REPORT_SECONDS = 60.0
"""What was turned away so long ago is over."""

logger = logging.getLogger(__name__)


class LoadShedder:
    """Counts the requests at work, says whether one more read may begin, and by `turns` when.

    Used from one thread, the event loop's.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.monotonic):
        """Start with nothing at work.

        Args:
            metrics: counts what is turned away.
            clock: gives seconds that never go back.
        """
        self.turns = Turns()
        self._metrics = metrics
        self._clock = clock
        self._limit = float(AT_FIRST)
        self._at_work = 0
        self._decreased_at = self._told_at = float("-inf")
        self._num_refused = 0
        self._refused_at = float("-inf")

    @property
    def limit(self) -> int:
        """How many requests may be at work."""
        return int(self._limit)

    @property
    def num_refused(self) -> int:
        """Requests turned away, until a minute has passed without one."""
        return 0 if self._clock() - self._refused_at > REPORT_SECONDS else self._num_refused

    @property
    def is_full(self) -> bool:
        """Whether as many requests are at work as may be."""
        return self._at_work >= self.limit

    def note_refusal(self) -> None:
        """Count a request that was turned away."""
        self._num_refused = self.num_refused + 1
        self._refused_at = now = self._clock()
        self._metrics.shed.inc()
        if now - self._told_at > REPORT_SECONDS:
            self._told_at = now
            logger.warning("overloaded: turns reads away at_work=%d limit=%d", self._at_work, self._limit)

    def begin(self) -> None:
        """Count a request that is at work now."""
        self._at_work += 1

    def end(self, seconds: float) -> None:
        """Count a request that has ended.

        Args:
            seconds: that it took.
        """
        is_limit_tried = 2 * self._at_work >= self._limit  # else a slow answer is no sign of too many
        self._at_work -= 1
        if not is_limit_tried:
            return
        if seconds <= WANTED_SECONDS:
            self._limit = min(MOST, self._limit + GROWTH / self._limit)
        elif (now := self._clock()) - self._decreased_at >= PAUSE_SECONDS:
            self._decreased_at = now
            self._limit = max(FEWEST, DECREASE * self._limit)
