"""Slices of the evaluated users, which an average hides: by number and recency of orders, by category, by discovery."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.windows import Window
from training.evaluation.lists import Evaluation
from training.evaluation.metrics import PerUser, bootstrap_interval

Mask = npt.NDArray[np.bool_]

NEW_ORDERS = 2
"""Users with at most so many orders before the window are new."""
LAPSED_DAYS = 56
"""Users whose last order lies further back are lapsed."""
LEVEL = 0.99
"""Of the slices' intervals: some twenty are looked at, so that 95% would raise an alarm by chance."""
MIN_USERS = 20
"""Fewer users say nothing about a slice."""
DISCOVERY = "discovery"


@dataclass(frozen=True)
class SliceGain:
    """What a challenger gains over another on the users of one slice.

    Attributes:
        name: of the slice.
        num_users: in it.
        ours, theirs: mean of the metric: NDCG@20, for the slice `discovery` over products never bought before.
        low, high: 99% interval of the paired difference; NaN for a slice without users.
    """

    name: str
    num_users: int
    ours: float
    theirs: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies below zero, over enough users to mean something."""
        return self.num_users >= MIN_USERS and self.high < 0

    @property
    def difference(self) -> float:
        """Ours less theirs."""
        return self.ours - self.theirs


def slice_users(window: Window, user_rows: npt.NDArray[np.int64]) -> dict[str, Mask]:
    """Sort evaluated users into slices, which may overlap.

    Args:
        window: the evaluation window.
        user_rows: int64[U], ascending.

    Returns:
        bool[U] by name: `new`, `light` and `heavy` users (up to and above the median of the others' orders), `lapsed`
        ones, and for each category those who bought from it within the window.
    """
    orders = np.nan_to_num(window.arrays.user_column("user_orders")[user_rows])
    age = np.nan_to_num(window.arrays.user_column("user_days_since_order")[user_rows], nan=np.inf)
    is_new = orders <= NEW_ORDERS
    median = np.median(orders[~is_new]) if (~is_new).any() else 0.0
    slices = {
        "new users": is_new,
        "light users": ~is_new & (orders <= median),
        "heavy users": ~is_new & (orders > median),
        "lapsed users": age > LAPSED_DAYS,
    }
    bought = window.category_labels(user_rows) > 0
    return slices | {f"category {name}": bought[:, row] for row, name in enumerate(window.arrays.category_ids)}


def compare_slices(slices: dict[str, Mask], ours: Evaluation, theirs: Evaluation) -> list[SliceGain]:
    """Compare two evaluations of the same users slice by slice; discovery is one more slice."""
    gains = [compare_users(name, ours.ndcg[users], theirs.ndcg[users]) for name, users in slices.items()]
    return [*gains, compare_users(DISCOVERY, ours.discovery_ndcg, theirs.discovery_ndcg)]


def compare_users(name: str, ours: PerUser, theirs: PerUser) -> SliceGain:
    """Compare a metric of the same users, in pairs."""
    if len(ours) == 0:
        return SliceGain(name, 0, *[float("nan")] * 4)
    low, high = bootstrap_interval(ours - theirs, level=LEVEL)
    return SliceGain(name, len(ours), float(ours.mean()), float(theirs.mean()), low, high)
