"""Wide & Deep part by part: shapes, the figure's formula, gradients, ids that no vocabulary knows."""

import numpy as np
import pytest
import torch
from torch import Tensor

from training.config import LossConfig, ModelConfig
from training.data.inputs import ModelInputs
from training.model.loss import Targets, compute_loss
from training.model.wide_deep import Ensemble, InputSizes, WideDeep

NUM_USERS, NUM_PAIRS, NUM_CATEGORIES, NUM_PRODUCTS = 6, 12, 3, 5
SIZES = InputSizes(
    user_features=4,
    category_features=2,
    category_crosses=7,
    pair_features=3,
    pair_crosses=9,
    num_categories=NUM_CATEGORIES,
    num_products=NUM_PRODUCTS,
)
CONFIG = ModelConfig(hidden_dims=[8, 5], product_hidden_dims=[6], embedding_size=4, dropout=0.0, id_dropout=0.0)


@pytest.fixture
def inputs() -> ModelInputs[Tensor]:
    """Six users with two candidates each; every id of every vocabulary is there, the unknown ones too."""
    generator = torch.Generator().manual_seed(3)
    return ModelInputs(
        user_features=torch.randn(NUM_USERS, SIZES.user_features, generator=generator),
        category_features=torch.randn(NUM_USERS, NUM_CATEGORIES, SIZES.category_features, generator=generator),
        category_crosses=torch.arange(NUM_USERS * NUM_CATEGORIES * 2).reshape(NUM_USERS, NUM_CATEGORIES, 2) % 7,
        pair_users=torch.arange(NUM_USERS).repeat_interleave(2),
        pair_categories=torch.arange(NUM_PAIRS) % (NUM_CATEGORIES + 1),
        pair_products=torch.arange(NUM_PAIRS) % (NUM_PRODUCTS + 1),
        pair_features=torch.randn(NUM_PAIRS, SIZES.pair_features, generator=generator),
        pair_crosses=torch.arange(NUM_PAIRS * 2).reshape(NUM_PAIRS, 2) % 9,
    )


def make_model(seed: int = 31, config: ModelConfig = CONFIG) -> WideDeep:
    """Draw a model whose wide parts, zero at first, hold something too."""
    torch.manual_seed(seed)
    model = WideDeep(SIZES, config)
    for wide in (model.category_head.wide, model.product_head.wide):
        torch.nn.init.normal_(wide.linear.weight)
        torch.nn.init.normal_(wide.crosses.weight)
    return model.eval()


def test_logits_are_of_users_of_users_with_categories_and_of_pairs(inputs: ModelInputs[Tensor]) -> None:
    logits = make_model()(inputs)

    assert logits.orders.shape == (NUM_USERS, 1)
    assert logits.categories.shape == (NUM_USERS, NUM_CATEGORIES)
    assert logits.products.shape == (NUM_PAIRS,)


@pytest.mark.parametrize("num_users", [1, 4])
def test_users_without_a_pair_have_categories_alone(inputs: ModelInputs[Tensor], num_users: int) -> None:
    of_users = [value[:num_users] for value in inputs[:3]]

    logits = make_model()(ModelInputs(*of_users, *(value[:0] for value in inputs[3:])))

    assert logits.categories.shape == (num_users, NUM_CATEGORIES)
    assert logits.products.shape == (0,)


def test_a_seed_gives_the_same_values_and_another_seed_others(inputs: ModelInputs[Tensor]) -> None:
    first, again, other = (make_model(seed)(inputs) for seed in (31, 31, 32))

    for name in first._fields:
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.allclose(getattr(first, name), getattr(other, name))


def test_logits_are_what_the_figure_says(inputs: ModelInputs[Tensor]) -> None:
    model = make_model()
    weights = {name: value.numpy().astype(np.float64) for name, value in model.state_dict().items()}
    user, category, category_crosses, owners, categories, products, pair, pair_crosses = (
        value.numpy() for value in inputs
    )

    def linear(part: str, values: np.ndarray) -> np.ndarray:
        return values @ weights[f"{part}.weight"].T + weights[f"{part}.bias"]

    def wide(part: str, features: np.ndarray, crosses: np.ndarray) -> np.ndarray:
        memorised = weights[f"{part}.crosses.weight"][crosses, 0].sum(axis=-1)
        return linear(f"{part}.linear", features)[..., 0] + memorised

    def normalise(part: str, values: np.ndarray) -> np.ndarray:
        mean, variance = weights[f"{part}.running_mean"], weights[f"{part}.running_var"]
        scaled = (values - mean) / np.sqrt(variance + 1e-5)
        return scaled * weights[f"{part}.weight"] + weights[f"{part}.bias"]

    hidden = np.concatenate([user, category.reshape(NUM_USERS, -1)], axis=1)
    for layer in (0, 4):  # linear, batch norm, ReLU, dropout
        hidden = normalise(f"trunk.layers.{layer + 1}", linear(f"trunk.layers.{layer}", hidden)).clip(min=0)
    expected_categories = wide("category_head.wide", category, category_crosses) + linear("category_head.deep", hidden)
    embedded = weights["product_head.product.weight"][products]
    described = [pair, user[owners], weights["product_head.category.weight"][categories]]
    deep = linear("product_head.deep.0", np.concatenate(described, axis=1)).clip(min=0)
    of_category = np.pad(expected_categories, ((0, 0), (1, 0)))[owners, categories]
    expected_products = (
        wide("product_head.wide", pair, pair_crosses)
        + linear("product_head.deep.3", deep)[:, 0]
        + (linear("product_head.user", hidden)[owners] * embedded).sum(axis=1)
        + weights["product_head.category_weight"] * of_category
    )
    logits = model(inputs)

    assert logits.orders.detach().numpy() == pytest.approx(linear("category_head.orders", hidden), abs=1e-5)
    assert logits.categories.detach().numpy() == pytest.approx(expected_categories, abs=1e-5)
    assert logits.products.detach().numpy() == pytest.approx(expected_products, abs=1e-5)


def test_the_loss_moves_every_part(inputs: ModelInputs[Tensor]) -> None:
    model = make_model().train()
    targets = Targets(
        categories=torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]).repeat(2, 1),
        user_weights=torch.ones(NUM_USERS),
        pairs=torch.tensor([[1.0, 0.0]]).repeat(NUM_USERS, 1),
        pair_weights=torch.ones(NUM_USERS, 2),
    )

    compute_loss(model(inputs), targets, LossConfig()).backward()  # type: ignore[no-untyped-call]

    before_a_norm = {"trunk.layers.0.bias", "trunk.layers.4.bias"}  # batch norm takes a constant away again
    still = {name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()}
    assert still <= before_a_norm, still - before_a_norm
    unmoved = model.product_head.product.weight.grad.abs().sum(dim=1) == 0
    assert unmoved.tolist() == [True, *[False] * NUM_PRODUCTS]  # what is unknown learns nothing


def test_an_unknown_product_is_scored_by_its_features_alone(inputs: ModelInputs[Tensor]) -> None:
    model = make_model()
    unknown = inputs._replace(pair_products=torch.zeros_like(inputs.pair_products))
    before = model(unknown).products

    torch.nn.init.normal_(model.product_head.user.weight)  # what the user is like meets no embedding

    assert torch.equal(model(unknown).products, before)
    assert not torch.allclose(model(inputs).products, before)


def test_an_unknown_category_takes_no_score_from_the_category_head(inputs: ModelInputs[Tensor]) -> None:
    model = make_model()
    unknown = inputs._replace(pair_categories=torch.zeros_like(inputs.pair_categories))
    before = model(unknown).products, model(inputs).products

    torch.nn.init.constant_(model.category_head.deep.bias, 3.0)

    assert torch.equal(model(unknown).products, before[0])
    known = inputs.pair_categories > 0
    assert (model(inputs).products != before[1]).tolist() == known.tolist()


def test_ids_are_hidden_in_training_alone(inputs: ModelInputs[Tensor]) -> None:
    model = make_model(config=CONFIG.model_copy(update={"id_dropout": 1.0}))
    unknown = inputs._replace(pair_products=torch.zeros_like(inputs.pair_products))

    assert not torch.allclose(model(inputs).products, model(unknown).products)
    model.train()
    assert torch.equal(model(inputs).products, model(unknown).products)


def test_an_ensemble_says_the_mean_of_its_members(inputs: ModelInputs[Tensor]) -> None:
    members = [make_model(1), make_model(2)]

    categories, products = Ensemble(members).eval()(inputs)

    said = [member(inputs) for member in members]
    assert torch.allclose(products, (said[0].products + said[1].products) / 2)
    assert torch.allclose(categories, (said[0].multiply() + said[1].multiply()) / 2)
