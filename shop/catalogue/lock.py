"""Lock on the copy: one round at a time, whoever runs it. It ends with the process that holds it, killed or not."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

WAIT_SECONDS = 600.0
"""Longest wait for the round of another process."""

PAUSE_SECONDS = 0.2


class CopyIsBusyError(Exception):
    """Another process is in a round that does not end."""


@contextmanager
def hold_copy(platform: Engine, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the copy for a block: by a lock of the server's in MySQL, by one of a file beside an SQLite database.

    Raises:
        CopyIsBusyError: another process held it all the time.
    """
    is_file = platform.dialect.name == "sqlite"
    with _lock_file(platform, wait_seconds) if is_file else _lock_name(platform, wait_seconds):
        yield


@contextmanager
def _lock_name(platform: Engine, wait_seconds: float) -> Iterator[None]:
    name = {"name": f"31ie.catalogue.{platform.url.database}"[:64]}
    with platform.connect() as connection:
        ends = time.monotonic() + wait_seconds
        while not connection.scalar(text("SELECT GET_LOCK(:name, 1)"), name):  # a second at a time: no time-out of ours
            _require_time(ends)
        try:
            yield
        finally:
            connection.execute(text("DO RELEASE_LOCK(:name)"), name)


@contextmanager
def _lock_file(platform: Engine, wait_seconds: float) -> Iterator[None]:
    with Path(f"{platform.url.database}.copy-lock").open("w") as file:
        ends = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _require_time(ends)
                time.sleep(PAUSE_SECONDS)
        yield


def _require_time(ends: float) -> None:
    if time.monotonic() >= ends:
        raise CopyIsBusyError(
            "another process copies the shop (python -m shop.catalogue --keep) and its round does not end: see its log"
        )
