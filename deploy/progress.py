"""Progress and tables on a terminal: one line a step, with a spinner and the time it takes.

Standard library only, since the first steps run before the environment exists. On a terminal the running steps are
repainted in place; in a log file each step prints when it starts, every 15 seconds, and when it ends.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
REPAINT_SECONDS = 0.2
HEARTBEAT_SECONDS = 15.0


def format_seconds(seconds: float) -> str:
    """Write a duration as a person would say it: `8 s`, `2 min 05 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def lay_out_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Lay rows out in columns below a head, for a terminal."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    rule = tuple("─" * width for width in widths)
    lines = ["  ".join(map(str.ljust, row, widths)) for row in [head, rule, *rows]]
    return "\n".join(f"  {line}".rstrip() for line in lines)


class Step:
    """One line of the board. Its owner may set `note` at any time: what is happening right now."""

    def __init__(self, title: str):
        self.title = title
        self.note = ""
        self.started = time.monotonic()
        self.last_heartbeat = self.started

    @property
    def elapsed(self) -> str:
        """Time since the step began."""
        return format_seconds(time.monotonic() - self.started)

    def line(self, mark: str) -> str:
        """Lay the step out as `mark title  elapsed  note`."""
        return f"  {mark} {self.title:<34} {self.elapsed:>12}  {self.note}".rstrip()


class Board:
    """The steps that run now. Safe to use from several threads: independent steps overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Step] = []
        self._painted = 0
        self._is_terminal = sys.stdout.isatty()
        self._frame = 0
        threading.Thread(target=self._animate, daemon=True).start()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while the block runs; a tick when it ends, a cross when it raises."""
        step = Step(title)
        with self._lock:
            self._running.append(step)
            if not self._is_terminal:
                self._write(step.line("·"))
        try:
            yield step
        except BaseException:
            self._finish(step, "✗")
            raise
        self._finish(step, "✓")

    def say(self, text: str = "") -> None:
        """Print a lasting line above the running steps."""
        with self._lock:
            self._wipe()
            self._write(text)
            self._paint()

    def _finish(self, step: Step, mark: str) -> None:
        with self._lock:
            self._wipe()
            self._running.remove(step)
            self._write(step.line(mark))
            self._paint()

    def _animate(self) -> None:
        while True:
            time.sleep(REPAINT_SECONDS)
            with self._lock:
                if self._is_terminal:
                    self._wipe()
                    self._paint()
                else:
                    self._beat()

    def _beat(self) -> None:
        now = time.monotonic()
        for step in self._running:
            if now - step.last_heartbeat >= HEARTBEAT_SECONDS:
                step.last_heartbeat = now
                self._write(step.line("·"))

    def _wipe(self) -> None:
        if self._painted:
            sys.stdout.write(f"\x1b[{self._painted}F\x1b[J")
            self._painted = 0

    def _paint(self) -> None:
        if not self._is_terminal:
            return
        self._frame += 1
        width = shutil.get_terminal_size().columns
        for step in self._running:
            self._write(step.line(FRAMES[self._frame % len(FRAMES)])[: width - 1])
        self._painted = len(self._running)

    def _write(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
