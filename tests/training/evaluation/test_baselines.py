"""Baselines rank what the shop can show."""

import numpy as np
import pytest

from features.rebuild import build_snapshot
from tests.features.purchase_rows import make_purchases
from training.evaluation.baselines import ALL_BASELINES
from training.evaluation.lists import Baseline

ROWS = [(user, product, float(3 + product)) for user in range(1, 9) for product in range(1, 7)]


@pytest.mark.parametrize("rank", ALL_BASELINES.values(), ids=ALL_BASELINES.keys())
def test_what_is_sold_out_is_in_no_list_and_the_others_are(rank: Baseline) -> None:
    arrays = build_snapshot(make_purchases(ROWS, sold_out=[2])).arrays

    lists = rank(arrays, np.arange(len(arrays.user_ids)), 4)

    assert (lists[:, :3] >= 0).all()
    assert 2 not in arrays.product_ids[lists[lists >= 0]]
