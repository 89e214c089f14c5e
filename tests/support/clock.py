"""A clock that a test sets, in place of `time.monotonic`."""


class Clock:
    """Gives the seconds that it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
