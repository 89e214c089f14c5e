"""Checkpoint of a trained version until MLflow has it: an outage costs a registration, not a training."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

VERSION, EPOCHS, SCRATCH = "version", "epochs.json", ".scratch"
PATIENCE_SECONDS = 60.0
"""A training whose task was stopped has ended within fifteen seconds."""
POLL_SECONDS = 0.5


class TrainingUnderWayError(Exception):
    """Another process trains the same logical run."""


class KeptTraining:
    """The folder of one logical run."""

    def __init__(self, folder: Path):
        """Look at a folder; it need not exist.

        Args:
            folder: one for each logical run.
        """
        self.version = folder / VERSION
        self._folder = folder

    @contextmanager
    def lock(self, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Keep a second attempt of the same run out until this one has ended; the system unlocks when a process dies.

        Args:
            patience_seconds: how long another one may take to end.

        Raises:
            TrainingUnderWayError: it goes on.
        """
        path = self._folder.with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + patience_seconds
        while (file := _try_lock(path)) is None:
            if time.monotonic() > deadline:
                holder = path.read_text(encoding="utf-8") if path.exists() else "that ended just now"
                raise TrainingUnderWayError(
                    f"the process {holder} trains the same run (it holds {path}): wait for it, or end it and try again."
                )
            time.sleep(POLL_SECONDS)
        with file:
            try:
                yield
            finally:
                path.unlink()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty folder for files that nobody needs afterwards; those of killed trainings are deleted first."""
        own = self._folder.with_suffix(SCRATCH)
        for folder in own.parent.glob(f"*{SCRATCH}"):
            lock = None if folder == own else _try_lock(folder.with_suffix(".lock"))
            if lock is not None or folder == own:
                shutil.rmtree(folder)
            if lock is not None:
                with lock:
                    folder.with_suffix(".lock").unlink()
        own.mkdir()
        try:
            yield own
        finally:
            shutil.rmtree(own)

    def load_epochs(self) -> list[dict[str, float]] | None:
        """Return the metrics of each epoch if the training was finished, None if it is still to be done."""
        path = self._folder / EPOCHS
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def begin(self) -> None:
        """Clear what an interrupted training left."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def finish(self, epochs: list[dict[str, float]]) -> None:
        """Note that the version's folder is whole; written last."""
        part = self._folder / f"{EPOCHS}.part"
        part.write_text(json.dumps(epochs), encoding="utf-8")
        part.replace(self._folder / EPOCHS)

    def discard(self) -> None:
        """Let go of it: the version is registered."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _try_lock(path: Path) -> IO[str] | None:
    """Lock a file and note who holds it; `None` where another process does."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_current = path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except BlockingIOError:
        is_current = False
    if not is_current:  # held, or removed by the holder before it was locked here
        file.close()
        return None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
