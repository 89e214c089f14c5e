"""Training rows of several windows in files, one after the other: written once, mapped into memory by who reads them.

The system keeps of the files in memory what is read, and lets it go where memory is short.
"""

import json
from pathlib import Path

import numpy as np

from training.data.samples import TrainingRows

INDEX = "index.json"


class RowFiles:
    """A folder with a file for each array of `TrainingRows`, and an index of the windows."""

    def __init__(self, folder: Path):
        """Point at a folder, which exists; what was written before is found by its index."""
        self._folder = folder
        path = folder / INDEX
        index = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"kinds": {}, "windows": []}
        self._kinds: dict[str, tuple[str, list[int]]] = index["kinds"]
        self._windows: list[tuple[int, int]] = index["windows"]

    @property
    def num_windows(self) -> int:
        """Count the windows."""
        return len(self._windows)

    def append(self, rows: TrainingRows[np.ndarray]) -> None:
        """Write the rows of one more window."""
        num_lists = sum(lists for _, lists in self._windows)
        rows = rows._replace(lists=np.where(rows.lists >= 0, rows.lists + num_lists, -1).astype(rows.lists.dtype))
        for name, values in rows._asdict().items():
            self._kinds[name] = values.dtype.str, list(values.shape[1:])
            with (self._folder / name).open("ab") as file:
                file.write(np.ascontiguousarray(values).data)
        self._windows.append((rows.num_users, len(rows.pair_labels)))
        index = {"kinds": self._kinds, "windows": self._windows}
        (self._folder / INDEX).write_text(json.dumps(index), encoding="utf-8")

    def read(self, first: int = 0, end: int | None = None) -> TrainingRows[np.ndarray]:
        """Map the rows of windows [first, end) into memory; the lists are those of all windows, as `lists` names them.

        The files may be deleted once they are mapped.
        """
        sizes = np.cumsum([(0, 0), *self._windows], axis=0)
        users = slice(int(sizes[first, 0]), int(sizes[len(self._windows) if end is None else end, 0]))
        return TrainingRows(
            **{
                name: self._map(name, int(sizes[-1, 1])) if name.startswith("pair_") else self._map(name, -1)[users]
                for name in TrainingRows._fields
            }
        )

    def _map(self, name: str, num_rows: int) -> np.ndarray:
        dtype, shape = self._kinds[name]
        mapped = np.memmap(self._folder / name, dtype=dtype, mode="c") if num_rows else np.empty(0, dtype=dtype)
        return np.asarray(mapped).reshape(num_rows if num_rows >= 0 else -1, *shape)
