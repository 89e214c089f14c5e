"""What is minimised, counted again by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from training.config import LossConfig
from training.loop import compute_loss

CATEGORIES = torch.tensor([[0.3, -1.2, 2.0], [1.0, 0.5, -0.5]])
PAIRS = torch.tensor([[0.1, 1.5, -0.4, 0.7], [2.0, -1.0, 0.2, 0.0]])
CATEGORY_ORDERS = torch.tensor([[4.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
PAIR_ORDERS = torch.tensor([[3.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
PAIR_WEIGHTS = torch.tensor([[1.0, 5.0, 1.0, 0.0], [1.0, 2.0, 2.0, 1.0]])
NOTHING = LossConfig(category_weight=0, category_listwise_weight=0, product_weight=0, listwise_weight=0)


def lose(config: LossConfig, categories: Tensor = CATEGORIES, pairs: Tensor = PAIRS) -> float:
    return float(compute_loss(categories, CATEGORY_ORDERS, pairs, PAIR_ORDERS, PAIR_WEIGHTS, config))


def cross_entropy(logits: np.ndarray, counts: np.ndarray) -> float:
    shares = np.exp(logits) / np.exp(logits).sum()
    return float(-(counts * np.log(shares)).sum() / counts.sum())


def test_probabilities_are_of_buying_at_all():
    often, once = CATEGORY_ORDERS, (CATEGORY_ORDERS > 0).float()
    config = NOTHING.model_copy(update={"category_weight": 1.0, "product_weight": 1.0})

    losses = [
        compute_loss(CATEGORIES, categories, PAIRS, pairs, PAIR_WEIGHTS, config)
        for categories, pairs in ((often, PAIR_ORDERS), (once, (PAIR_ORDERS > 0).float()))
    ]

    assert losses[0] == losses[1]


def test_categories_are_ordered_by_how_often_they_are_bought():
    config = NOTHING.model_copy(update={"category_listwise_weight": 1.0, "category_temperature": 2.0})

    # the second user bought nothing and is left out
    assert lose(config) == pytest.approx(cross_entropy(CATEGORIES[0].numpy() / 2, CATEGORY_ORDERS[0].numpy()))


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_lists_are_ordered_by_how_often_products_are_bought(power: float):
    config = NOTHING.model_copy(update={"listwise_weight": 1.0, "temperature": 0.5, "count_power": power})

    drawn = slice(0, 3)  # the last slot of the first user is empty
    logits = PAIRS[0, drawn].numpy() / 0.5 + np.log(PAIR_WEIGHTS[0, drawn].numpy())
    counts = np.array([3.0**power, 0.0, 1.0])
    assert lose(config) == pytest.approx(cross_entropy(logits, counts), rel=1e-6)


def test_an_empty_slot_moves_nothing():
    config = LossConfig()
    changed = PAIRS.clone()
    changed[0, 3] = 7.0

    assert lose(config, pairs=changed) == lose(config)
