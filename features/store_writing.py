"""Writing of rows through deltalake, whose threads tell stderr of a refused write in a panic of many lines.

What failed is raised as well, and becomes one line; the panic is taken out of what the process says.
"""

import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl
from deltalake import DeltaTable, write_deltalake

_PANIC = re.compile(rb"\n?thread '[^']*' \(?\d*\)? ?panicked at [^\n]*\n(?:(?!\n).*\n)*", re.MULTILINE)
_ONE_AT_A_TIME = threading.Lock()
_PANIC_SECONDS = 2.0
"""How long after a failure a thread may still panic of it."""


def write_rows(
    table: str | DeltaTable, frame: pl.DataFrame, storage_options: Mapping[str, str] | None, **options: Any
) -> None:
    """Write rows in one commit.

    Args:
        table: its URI, or the state of it that the commit has to stand on.
        frame: the rows.
        storage_options: of an object store; empty for a folder.
        **options: as `deltalake.write_deltalake` takes them.
    """
    place = dict(storage_options) if storage_options and not isinstance(table, DeltaTable) else None
    if not storage_options:
        write_deltalake(table, frame, **options)
        return
    with _without_panics():
        write_deltalake(table, frame, storage_options=place, **options)


@contextmanager
def _without_panics() -> Iterator[None]:
    """Hold back what the process writes to stderr for the time of a block, and let go of all but panics."""
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            _await_panic(held.fileno())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            words = _PANIC.sub(b"", held.read())
            if words.strip():
                os.write(2, words)


def _await_panic(file: int) -> None:
    """Wait until what a file holds stays as it is, for as long as a panic may take to come."""
    deadline = time.monotonic() + _PANIC_SECONDS
    size = 0
    while time.monotonic() < deadline and not (size and size == os.fstat(file).st_size):
        size = os.fstat(file).st_size
        time.sleep(0.1)
