"""Purchases of the synthetic shop, and the last window before its end, for the studies of families."""

from datetime import timedelta

import pytest

from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF
from training.data.windows import Window, open_window

HORIZON_DAYS = 28


@pytest.fixture(scope="module")
def purchases(synthetic_store: MLStore) -> Purchases:
    return load_purchases(synthetic_store, AS_OF)


@pytest.fixture(scope="module")
def window(purchases: Purchases) -> Window:
    return open_window(purchases, AS_OF - timedelta(days=HORIZON_DAYS), HORIZON_DAYS)
