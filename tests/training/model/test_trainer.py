"""Which epoch's weights are kept."""

import pytest
import torch
from torch import Tensor

from training.config import ModelConfig, OptimiserConfig, TrainingConfig
from training.data.samples import TrainingRows
from training.model.trainer import train
from training.model.wide_deep import Ensemble, InputSizes

NUM_USERS, LIST_SIZE, NUM_CATEGORIES = 64, 6, 2
SIZES = InputSizes(
    user_features=3,
    category_features=2,
    category_crosses=5,
    pair_features=4,
    pair_crosses=7,
    num_categories=NUM_CATEGORIES,
    num_products=5,
)
CONFIG = TrainingConfig(
    model=ModelConfig(hidden_dims=[4], product_hidden_dims=[4], output_dim=NUM_CATEGORIES, num_members=1),
    optimiser=OptimiserConfig(epochs=4, min_steps=1, patience=2, tolerance=0.01),
)


@pytest.fixture(scope="module")
def rows() -> TrainingRows[Tensor]:
    generator = torch.Generator().manual_seed(7)

    def numbers(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    def ids(most: int, *shape: int) -> Tensor:
        return torch.randint(0, most, shape, generator=generator)

    return TrainingRows(
        user_features=numbers(NUM_USERS, SIZES.user_features),
        category_features=numbers(NUM_USERS, NUM_CATEGORIES, SIZES.category_features),
        category_crosses=ids(SIZES.category_crosses, NUM_USERS, NUM_CATEGORIES, 1).int(),
        category_labels=ids(2, NUM_USERS, NUM_CATEGORIES).float(),
        user_weights=torch.ones(NUM_USERS),
        lists=torch.arange(NUM_USERS),
        pair_categories=ids(NUM_CATEGORIES + 1, NUM_USERS, LIST_SIZE),
        pair_products=ids(SIZES.num_products + 1, NUM_USERS, LIST_SIZE),
        pair_features=numbers(NUM_USERS, LIST_SIZE, SIZES.pair_features),
        pair_crosses=ids(SIZES.pair_crosses, NUM_USERS, LIST_SIZE, 1).int(),
        pair_labels=ids(2, NUM_USERS, LIST_SIZE).float(),
        pair_weights=torch.ones(NUM_USERS, LIST_SIZE),
    )


@pytest.mark.parametrize(
    ("scores", "kept"),
    [
        pytest.param([0.30, 0.35, 0.40, 0.41], 4, id="better and better"),
        pytest.param([0.40, 0.395, 0.391, 0.392], 4, id="worse by chance"),
        pytest.param([0.40, 0.35, 0.34, 0.50], 1, id="clearly worse for as long as patience lasts"),
        pytest.param([0.40, 0.35, 0.41, 0.30], 3, id="clearly worse once, and at the end"),
        pytest.param([0.40, 0.393, 0.387, 0.380], 2, id="worse little by little"),
    ],
)
def test_the_last_epoch_that_is_not_clearly_worse_is_kept(
    rows: TrainingRows[Tensor], scores: list[float], kept: int
) -> None:
    seen: list[Tensor] = []

    def evaluate(model: Ensemble) -> dict[str, float]:
        seen.append(model.members[0].product_head.wide.linear.weight.detach().clone())
        return {"ndcg_at_20": scores[len(seen) - 1], "discovery_ndcg_at_20": 0.0}

    trained = train(SIZES, rows, CONFIG, evaluate=evaluate)

    assert trained.num_epochs == kept
    assert torch.equal(trained.model.members[0].product_head.wide.linear.weight, seen[kept - 1])


def test_without_an_evaluator_all_epochs_are_kept(rows: TrainingRows[Tensor]) -> None:
    assert train(SIZES, rows, CONFIG).num_epochs == 4
    assert train(SIZES, rows, CONFIG, stop_after=3).num_epochs == 3
