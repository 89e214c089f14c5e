"""Circuit breaker: after failures in a row a dependency is not called for a while, so that no request waits for it."""

import time
from collections.abc import Callable

FAILURES_TO_OPEN = 3
OPEN_SECONDS = 2.0


class CircuitBreaker:
    """Closed: calls go through. Open: none do. After `open_seconds` one call tries; its outcome closes or re-opens.

    Used from one thread, the event loop's.
    """

    def __init__(
        self,
        failures_to_open: int = FAILURES_TO_OPEN,
        open_seconds: float = OPEN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ):
        """Start closed.

        Args:
            failures_to_open: failures in a row that open it.
            open_seconds: pause before the next try.
            clock: gives seconds that never go back.
        """
        self._failures_to_open = failures_to_open
        self._open_seconds = open_seconds
        self._clock = clock
        self._failures = 0
        self._next_try = 0.0
        self.last_failure = ""

    @property
    def is_open(self) -> bool:
        """Whether the dependency counts as failed."""
        return self._failures >= self._failures_to_open

    @property
    def pause_seconds(self) -> float:
        """How long no call may go out."""
        return max(0.0, self._next_try - self._clock()) if self.is_open else 0.0

    def allows(self) -> bool:
        """Return whether a call may go out now; while open, one in each pause may."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._next_try:
            return False
        self._next_try = now + self._open_seconds
        return True

    def succeed(self) -> None:
        """Note an answer: closes the circuit."""
        self._failures = 0
        self.last_failure = ""

    def fail(self, reason: str) -> None:
        """Note a failure: opens the circuit when there were enough in a row."""
        self._failures += 1
        self.last_failure = reason
        self._next_try = self._clock() + self._open_seconds
