"""Who training learns from: buyers, and those who stayed away."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

from features.snapshot.arrays import Int64
from tests.features.purchase_rows import AS_OF, make_purchases
from tests.support.synthetic import SMALL_CONFIG
from training.config import DataConfig
from training.data.row_files import RowFiles
from training.data.samples import TrainingRows, build_rows, choose_users, fit_window_encoder
from training.data.windows import Window, open_window
from training.model.trainer import gather_batch, to_tensors

START = AS_OF - timedelta(days=28)
BUYERS, AWAY, LONG_AWAY = [1, 2, 3, 4], [5, 6, 7], [8, 9, 10]
CONFIG = SMALL_CONFIG.data


@pytest.fixture(scope="module")
def window() -> Window:
    before = [(user, user % 3, 40.0) for user in BUYERS + AWAY] + [(user, 1, 120.0) for user in LONG_AWAY]
    return open_window(make_purchases([*before, *((user, 1, 10.0) for user in BUYERS)], users=[11]), START, 28)


def build(window: Window, rows: Int64, config: DataConfig = CONFIG) -> TrainingRows[np.ndarray]:
    return build_rows(window, fit_window_encoder(window, config, 100, seed=3), rows, config, seed=3)


def test_who_bought_nothing_in_the_window_had_ordered_before_it(window: Window) -> None:
    ids = window.arrays.user_ids

    assert ids[window.users_with_labels()].tolist() == BUYERS
    assert ids[window.users_without_labels()].tolist() == AWAY + LONG_AWAY
    assert ids[window.users_without_labels(within_days=56)].tolist() == AWAY


def test_at_most_half_as_many_stay_away_as_buy_and_each_stands_for_those_left_out(window: Window) -> None:
    rows = choose_users(window, CONFIG, seed=3)
    built = build(window, rows)

    buys = np.isin(window.arrays.user_ids[rows], BUYERS)
    assert (np.diff(rows) > 0).all()
    assert (int(buys.sum()), int((~buys).sum())) == (4, 2)
    assert built.user_weights[buys].tolist() == [1, 1, 1, 1]
    assert built.user_weights[~buys].tolist() == [3, 3]


def test_who_bought_has_a_list_and_who_stayed_away_has_none(window: Window) -> None:
    rows = np.union1d(window.users_with_labels(), window.users_without_labels())
    built = build(window, rows)

    assert window.arrays.user_ids[rows[built.lists >= 0]].tolist() == BUYERS
    assert built.pair_weights.shape == built.pair_labels.shape == (len(BUYERS), CONFIG.list_size)
    assert built.pair_products.shape == (len(BUYERS), CONFIG.list_size)
    assert built.pair_weights.any(axis=1).all()
    assert built.user_weights.tolist() == [1] * len(rows)


def test_empty_slots_of_a_short_list_hold_no_label() -> None:
    """They repeat the user's first candidate, which was bought here, and must not count as bought once more."""
    bought = [(user, 0, days) for user in BUYERS for days in (40.0, 10.0)]
    window = open_window(make_purchases([*bought, (9, 1, 50.0)]), START, 28)
    built = build(window, window.users_with_labels())

    assert built.pair_labels.any(axis=1).all()
    assert (built.pair_weights == 0).any()
    assert not built.pair_labels[built.pair_weights == 0].any()


def test_a_batch_brings_the_lists_of_those_in_it_who_bought(window: Window, tmp_path: Path) -> None:
    rows = np.union1d(window.users_with_labels(), window.users_without_labels())
    built = build(window, rows)
    files = RowFiles(tmp_path)
    for _ in range(2):
        files.append(built)
    tensors = to_tensors(files.read())

    batch = torch.tensor([len(rows) + 1, 6, 0])  # the second buyer of the second window, one away, the first buyer
    inputs, targets = gather_batch(tensors, batch)

    pair_users = inputs.pair_users.reshape(-1, CONFIG.list_size)
    pair_products = inputs.pair_products.reshape(-1, CONFIG.list_size)
    assert torch.equal(inputs.user_features, torch.from_numpy(built.user_features[[1, 6, 0]]))
    assert pair_users[:, 0].tolist() == pair_users[:, -1].tolist() == [0, 2]
    assert pair_products.tolist() == built.pair_products[[1, 0]].tolist()
    assert targets.pairs.tolist() == built.pair_labels[[1, 0]].tolist()
    assert targets.categories.tolist() == built.category_labels[[1, 6, 0]].tolist()


def test_nobody_is_learned_from_where_nobody_bought(window: Window) -> None:
    empty = open_window(make_purchases([(1, 1, 40.0)]), START, 28)

    assert len(choose_users(empty, CONFIG, seed=3)) == 0
