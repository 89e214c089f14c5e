"""A window of the synthetic shop, whose purchases and features tests replace by ones to check by hand."""

from dataclasses import replace

import numpy as np
import pytest

from features.definitions import list_names
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.data.windows import Labels, Window, open_window

HORIZON_DAYS = SMALL_CONFIG.data.horizon_days


@pytest.fixture(scope="session")
def window(synthetic_store: MLStore) -> Window:
    purchases = load_purchases(synthetic_store, AS_OF)
    return open_window(purchases, AS_OF - np.timedelta64(HORIZON_DAYS, "D").item(), HORIZON_DAYS)


def bought(*pairs: tuple[int, int]) -> Labels:
    """Labels of user and item rows, one order each, all in the first order."""
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Labels(users, items, np.ones(len(users), dtype=np.float32), np.ones(len(users), dtype=bool))


def with_user_column(arrays: SnapshotArrays, name: str, values: list[float]) -> SnapshotArrays:
    """Arrays in which the first users have these values of a feature."""
    users = arrays.users.copy()
    users[: len(values), list_names("user").index(name)] = values
    return replace(arrays, users=users)
