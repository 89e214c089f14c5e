"""What is minimised, counted again by hand."""

from typing import Any

import numpy as np
import pytest
import torch

from training.config import LossConfig
from training.model.loss import Targets, compute_loss
from training.model.wide_deep import Logits

# Two users with two orders each, and one who ordered nothing and stands for three.
LOGITS = Logits(
    orders=torch.tensor([[1.0], [-0.5], [0.2]]),
    categories=torch.tensor([[0.3, -1.2, 2.0], [1.0, 0.5, -0.5], [0.0, 1.0, -1.0]]),
    products=torch.tensor([[0.1, 1.5, -0.4, 0.7], [2.0, -1.0, 0.2, 0.0]]),
)
TARGETS = Targets(
    categories=torch.tensor([[4.0, 0.0, 1.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]),
    user_weights=torch.tensor([1.0, 1.0, 3.0]),
    pairs=torch.tensor([[3.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 0.0]]),
    pair_weights=torch.tensor([[1.0, 5.0, 1.0, 0.0], [1.0, 2.0, 2.0, 1.0]]),
)
NOTHING = LossConfig(category_weight=0, order_weight=0, category_listwise_weight=0, product_weight=0, listwise_weight=0)


def lose(targets: Targets = TARGETS, logits: Logits = LOGITS, **weights: float) -> float:
    return float(compute_loss(logits, targets, NOTHING.model_copy(update=weights)))


def sigmoid(values: torch.Tensor) -> np.ndarray:
    return 1 / (1 + np.exp(-values.numpy().astype(np.float64)))


def cross_entropy(logits: np.ndarray, counts: np.ndarray) -> float:
    shares = np.exp(logits) / np.exp(logits).sum()
    return float(-(counts * np.log(shares)).sum() / counts.sum())


def test_the_probability_of_a_category_is_that_of_ordering_times_that_of_the_order_holding_it() -> None:
    assert sigmoid(LOGITS.multiply()) == pytest.approx(sigmoid(LOGITS.orders) * sigmoid(LOGITS.categories), rel=1e-5)


def log_loss(probabilities: np.ndarray, happened: np.ndarray) -> np.ndarray:
    return -np.log(np.where(happened, probabilities, 1 - probabilities))


def test_who_ordered_nothing_counts_for_as_many_as_were_not_drawn() -> None:
    of_ordering = log_loss(sigmoid(LOGITS.orders).ravel(), np.array([True, True, False]))

    assert lose(order_weight=1.0) == pytest.approx((of_ordering * [1, 1, 3]).sum() / 5, rel=1e-5)


def test_what_an_order_holds_is_learned_from_who_ordered() -> None:
    of_categories = log_loss(sigmoid(LOGITS.categories), TARGETS.categories.numpy() > 0)

    assert lose(category_weight=1.0) == pytest.approx(of_categories[:2].mean(), rel=1e-5)


def test_probabilities_are_of_buying_at_all() -> None:
    once = TARGETS._replace(categories=(TARGETS.categories > 0).float(), pairs=(TARGETS.pairs > 0).float())
    weights: dict[str, Any] = {"category_weight": 1.0, "order_weight": 1.0, "product_weight": 1.0}

    assert lose(**weights) == lose(once, **weights)


def test_categories_are_ordered_by_how_often_they_are_bought() -> None:
    lists = zip(LOGITS.categories.numpy()[:2] / 2, TARGETS.categories.numpy()[:2], strict=True)

    # who bought nothing has no order
    expected = np.mean([cross_entropy(logits, counts) for logits, counts in lists])
    assert lose(category_listwise_weight=1.0, category_temperature=2.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_lists_are_ordered_by_how_often_products_are_bought(power: float) -> None:
    drawn = [[0, 1, 2], [0, 1, 2, 3]]  # the last slot of the first user is empty
    expected = []
    for user, slots in enumerate(drawn):
        weights = np.log(TARGETS.pair_weights[user, slots].numpy())
        counts = TARGETS.pairs[user, slots].numpy()
        expected.append(
            cross_entropy(LOGITS.products[user, slots].numpy() / 0.5 + weights, (counts > 0) * counts**power)
        )

    assert lose(listwise_weight=1.0, temperature=0.5, count_power=power) == pytest.approx(np.mean(expected), rel=1e-6)


def test_empty_slots_move_nothing() -> None:
    products = LOGITS.products.clone()
    products[0, 3] = 7.0
    weights: dict[str, Any] = {"product_weight": 1.0, "listwise_weight": 1.0}

    assert lose(logits=LOGITS._replace(products=products), **weights) == lose(**weights)


def test_a_batch_without_any_buyer_has_a_loss() -> None:
    nobody = Targets(*(rows[2:] for rows in TARGETS))
    logits = Logits(*(rows[2:] for rows in LOGITS))

    assert (len(nobody.user_weights), len(nobody.pairs)) == (1, 0)
    assert np.isfinite(float(compute_loss(logits, nobody, LossConfig())))
