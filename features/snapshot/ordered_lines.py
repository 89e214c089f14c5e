"""Lines of a user's orders since a snapshot, laid out as its arrays are: one a product and order, orders numbered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.snapshot.arrays import Int64, SnapshotArrays

Float64 = npt.NDArray[np.float64]


class OrderedLine(NamedTuple):
    """A line of an order.

    Attributes:
        order_id, product_id: ids.
        quantity: pieces, above 0.
        value: money paid for the line. discount: what it was reduced by before that.
        ordered_at: timezone-aware.
    """

    order_id: int
    product_id: int
    quantity: float
    value: float
    discount: float
    ordered_at: datetime


@dataclass(frozen=True)
class NewLines:
    """What came: L lines, one per order and known product, in the order in which they were made.

    Attributes:
        products: int64[L], rows. numbers: int64[L], of the order, 1 for the first that came.
        quantity, value, discount: float64[L].
        ordered_at: of each order.
    """

    products: Int64
    numbers: Int64
    quantity: Float64
    value: Float64
    discount: Float64
    ordered_at: list[datetime]

    @property
    def num_orders(self) -> int:
        """Count the orders."""
        return len(self.ordered_at)

    def group(self, keys: Int64, num_rows: int) -> "NewSums":
        """Sum up by key, int64[L] below `num_rows`; what an order holds twice under one key is one order."""
        span = self.num_orders + 1
        orders = np.bincount(np.unique(keys * span + self.numbers) // span, minlength=num_rows)
        counts = (orders, *(np.bincount(keys, each, num_rows) for each in (self.quantity, self.value, self.discount)))
        return NewSums(*(each.astype(np.float64) for each in counts))


class NewSums(NamedTuple):
    """What came to each of R rows, float64[R]."""

    orders: Float64
    quantity: Float64
    value: Float64
    discount: Float64


def lay_out_lines(arrays: SnapshotArrays, lines: Sequence[OrderedLine]) -> NewLines:
    """Merge repeats of a product within an order and number the orders."""
    rows = arrays.find_products(np.array([line.product_id for line in lines], dtype=np.int64))
    known = [(line, row) for line, row in zip(lines, rows.tolist(), strict=True) if row >= 0]
    orders = sorted({(line.ordered_at, line.order_id) for line, _ in known})
    numbers = {order: number for number, order in enumerate(orders, 1)}
    merged: dict[tuple[int, int], Float64] = {}
    for line, row in known:
        key = numbers[line.ordered_at, line.order_id], row
        merged[key] = merged.get(key, np.zeros(3)) + np.array(line[2:5])
    keys = np.array(sorted(merged), dtype=np.int64).reshape(-1, 2)
    sums = np.array([merged[number, row] for number, row in keys.tolist()]).reshape(-1, 3)
    quantity, value, discount = sums.T
    return NewLines(keys[:, 1], keys[:, 0], quantity, value, discount, [ordered_at for ordered_at, _ in orders])
