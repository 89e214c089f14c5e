"""Checkpoint of a trained version until MLflow has it: an outage costs a registration, not a training."""

import json
import shutil
from pathlib import Path

VERSION, EPOCHS = "version", "epochs.json"


class KeptTraining:
    """The folder of one logical run."""

    def __init__(self, folder: Path):
        """Look at a folder; it need not exist.

        Args:
            folder: one for each logical run.
        """
        self.version = folder / VERSION
        self._folder = folder

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
