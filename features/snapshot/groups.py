"""Groups of rows: each row is given the number of its group, and a column is reduced for all groups in one pass."""

from typing import Any, Literal

import numpy as np
import polars as pl

from features.snapshot.arrays import Int64
from features.snapshot.packing import pack

Reduction = Literal["sum", "min", "max"]
UNIT = 2.0**-44
"""Numbers are rounded to it before they are added up where the order of adding must not matter."""
LOW_UNITS = 2**32
UFUNCS: dict[Reduction, np.ufunc] = {"sum": np.add, "min": np.minimum, "max": np.maximum}


class Groups:
    """Rows that have the same keys.

    NumPy adds up a column at the places of its rows' groups one row after the other, in a tenth of the time that a
    hash of the groups takes; numbers are added in the order of the rows, whatever other groups there are.

    Attributes:
        keys: one row a group, by which the groups are sorted.
    """

    keys: pl.DataFrame

    def __init__(self, rows: pl.DataFrame, keys: list[str]) -> None:
        """Find the groups.

        Args:
            rows: in any order.
            keys: columns of whole numbers without nulls, one group for each of their combinations.
        """
        numbers, firsts = number_groups(rows.select(pack(rows, keys)).to_series().to_numpy())
        self._numbers = pl.Series(numbers)
        self.keys = rows.select(pl.col(keys).gather(firsts))

    def count(self) -> pl.Series:
        """Count the rows of each group."""
        return self._count(self._numbers)

    def reduce(self, values: pl.Series, reduction: Reduction) -> pl.Series:
        """Reduce a number of each row, or an instant, leaving out nulls; of what is true or false count what is true.

        Returns:
            One value a group; where there is none, null, or 0 for a sum.
        """
        if values.dtype == pl.Boolean:
            return self._count(self._numbers.filter(values))
        numbers, known = self._leave_out_nulls(values)
        start = _find_start(known, reduction)
        reduced = np.full(self.keys.height, start)
        UFUNCS[reduction].at(reduced, numbers.to_numpy(), known.to_physical().to_numpy())
        found = pl.Series(reduced).cast(values.dtype)
        if reduction == "sum" or len(known) == len(values):
            return found
        return found.set(self._count(numbers) == 0, None)

    def total(self, values: pl.Series) -> pl.Series:
        """Sum a number of each row in whole `UNIT`s, which no order of adding changes; gives their number, Int128."""
        numbers, known = self._leave_out_nulls(values)
        units = (known / UNIT).round()
        high = (units / LOW_UNITS).floor()
        sums = {}
        for part, whole in {"high": high, "low": units - high * LOW_UNITS}.items():  # no sum overflows 64 bits
            sums[part] = np.zeros(self.keys.height, dtype=np.int64)
            np.add.at(sums[part], numbers.to_numpy(), whole.cast(pl.Int64).to_numpy())
        return pl.DataFrame(sums).select(pl.col("high").cast(pl.Int128) * LOW_UNITS + pl.col("low")).to_series()

    def _count(self, numbers: pl.Series) -> pl.Series:
        return pl.Series(np.bincount(numbers.to_numpy(), minlength=self.keys.height).astype(np.uint32))

    def _leave_out_nulls(self, values: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Return the values that are not null, after the numbers of their groups."""
        if not values.null_count():
            return self._numbers, values
        return self._numbers.filter(values.is_not_null()), values.drop_nulls()


def _find_start(values: pl.Series, reduction: Reduction) -> Any:
    """Return the number that changes no other by the reduction, of the type of the values."""
    dtype = values.clear().to_physical().to_numpy().dtype
    if reduction == "sum":
        return dtype.type(0)
    lowest, highest = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return dtype.type(highest if reduction == "min" else lowest)


def number_groups(keys: Int64) -> tuple[Int64, Int64]:
    """Number the distinct keys, ascending.

    Args:
        keys: int64[N].

    Returns:
        The number of each key, int64[N], and where each distinct one stands first, int64[G].
    """
    if len(keys) and int(keys.max()) - int(keys.min()) < len(keys):  # counted, without a sort
        keys = keys - keys.min()
        is_there = np.zeros(keys.max() + 1, dtype=bool)
        is_there[keys] = True
        numbers = (np.cumsum(is_there) - 1)[keys]
        firsts = np.empty(np.count_nonzero(is_there), dtype=np.int64)
        firsts[numbers[::-1]] = np.arange(len(keys))[::-1]  # of several, the last is kept
        return numbers, firsts
    order, in_order = sort_keys(keys)
    is_new = np.ones(len(keys), dtype=bool)
    np.not_equal(in_order[1:], in_order[:-1], out=is_new[1:])
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.cumsum(is_new) - 1
    return numbers, order[is_new]


def sort_keys(keys: Int64) -> tuple[Int64, Int64]:
    """Sort keys, equal ones in their order.

    Args:
        keys: int64[N].

    Returns:
        Where each stood, and numbers that sort and tell apart as they do, in order; both int64[N].
    """
    if len(keys) == 0:
        return keys, keys
    least, bits = keys.min(), len(keys).bit_length()
    if int(keys.max()) - int(least) >= 2 ** (63 - bits):
        order = np.argsort(keys, kind="stable")
        return order, keys[order]
    packed = keys - least  # a key and its place as one number are sorted in a third of the time
    packed <<= bits
    packed |= np.arange(len(keys))
    packed.sort()
    return packed & (2**bits - 1), packed >> bits


def find_bounds(owners: Int64) -> Int64:
    """Find where each owner's entries begin, int64[owners + 1] with the end of the last; `owners` stand together."""
    changes = np.flatnonzero(owners[1:] != owners[:-1]) + 1
    return np.concatenate([[0], changes, [len(owners)]]) if len(owners) else np.zeros(1, dtype=np.int64)
