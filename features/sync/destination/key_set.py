"""Set of a table's keys with fast membership tests, for checking the references of other tables."""

from collections.abc import Callable

import numpy as np

Keys = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

# Keys that fill their range at least to this share are looked up in a table of flags, others by bisection.
MIN_DENSITY = 1 / 64

LOOKED_UP = 20_000
"""So many keys at a time are looked up in the files that may hold them; for more, all keys are read once."""


class ParentKeys:
    """The keys of a table that others may point at, read from the store only as far as they are asked for."""

    def __init__(self, find_among: Callable[[Keys], Keys], read_all: Callable[[], Keys]):
        """Take how to find which of some sorted keys there are, and how to read all there are."""
        self._find_among = find_among
        self._read_all = read_all
        self._all: KeySet | None = None

    def holds(self, wanted: Keys) -> Flags:
        """Return for each key whether it may be pointed at."""
        asked = np.unique(wanted)
        if self._all is None and asked.size > LOOKED_UP:
            self._all = KeySet(self._read_all())
        return (self._all if self._all is not None else KeySet(self._find_among(asked))).holds(wanted)


class KeySet:
    """An immutable set of integer keys."""

    def __init__(self, keys: Keys):
        """Take keys in any order."""
        self._keys = np.unique(keys)
        self._flags: Flags | None = None
        if self._keys.size and self._keys.size >= MIN_DENSITY * (int(self._keys[-1]) - int(self._keys[0]) + 1):
            self._flags = np.zeros(int(self._keys[-1]) - int(self._keys[0]) + 1, dtype=bool)
            self._flags[self._keys - self._keys[0]] = True

    def __len__(self) -> int:
        return int(self._keys.size)

    def holds(self, wanted: Keys) -> Flags:
        """Return for each key whether it is in the set.

        Returns:
            bool[len(wanted)].
        """
        if not self._keys.size:
            return np.zeros(wanted.size, dtype=bool)
        if self._flags is None:
            position = np.minimum(np.searchsorted(self._keys, wanted), self._keys.size - 1)
            return np.asarray(self._keys[position] == wanted)
        low, high = self._keys[0], self._keys[-1]
        is_inside = (wanted >= low) & (wanted <= high)
        return np.asarray(is_inside & self._flags[np.where(is_inside, wanted - low, 0)])
