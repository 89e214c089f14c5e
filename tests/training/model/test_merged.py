"""An ensemble as one network says what the ensemble says, whatever its sizes."""

import pytest
import torch
from torch import Tensor

from tests.training.model.test_wide_deep import CONFIG, NUM_CATEGORIES, SIZES, make_model
from training.config import ModelConfig
from training.data.inputs import ModelInputs
from training.model.merged import MergedEnsemble
from training.model.wide_deep import Ensemble, WideDeep

NUM_USERS, NUM_PAIRS = 6, 40


def make_inputs(num_users: int, num_pairs: int) -> ModelInputs[Tensor]:
    """Draw inputs in which all ids are there, the unknown ones too."""
    generator = torch.Generator().manual_seed(5)

    def draw_ids(below: int, *shape: int) -> Tensor:
        return torch.randint(below, shape, generator=generator)

    return ModelInputs(
        user_features=torch.randn(num_users, SIZES.user_features, generator=generator),
        category_features=torch.randn(num_users, NUM_CATEGORIES, SIZES.category_features, generator=generator),
        category_crosses=draw_ids(SIZES.category_crosses, num_users, NUM_CATEGORIES, 2),
        pair_users=draw_ids(num_users, num_pairs),
        pair_categories=draw_ids(NUM_CATEGORIES + 1, num_pairs),
        pair_products=draw_ids(SIZES.num_products + 1, num_pairs),
        pair_features=torch.randn(num_pairs, SIZES.pair_features, generator=generator),
        pair_crosses=draw_ids(SIZES.pair_crosses, num_pairs, 2),
    )


def make_member(seed: int, config: ModelConfig) -> WideDeep:
    """Draw a model in which no weight is as it begins, so that none can be left out unseen."""
    model = make_model(seed, config)
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2.0)
        elif value.is_floating_point():
            value.normal_(std=0.5)
    return model


@pytest.mark.parametrize("num_members", [1, 3])
@pytest.mark.parametrize(
    ("hidden_dims", "product_hidden_dims"), [([8, 5], [6]), ([8], [6, 4]), ([8, 6, 5], [7, 6, 4])], ids=str
)
def test_the_merged_network_says_what_its_ensemble_says(
    num_members: int, hidden_dims: list[int], product_hidden_dims: list[int]
) -> None:
    config = CONFIG.model_copy(update={"hidden_dims": hidden_dims, "product_hidden_dims": product_hidden_dims})
    ensemble = Ensemble([make_member(seed, config) for seed in range(num_members)]).eval()
    inputs = make_inputs(NUM_USERS, NUM_PAIRS)

    categories, products = MergedEnsemble(ensemble)(inputs)

    expected_categories, expected_products = ensemble(inputs)
    assert torch.allclose(categories, expected_categories, rtol=1e-5, atol=1e-5)
    assert torch.allclose(products, expected_products, rtol=1e-5, atol=1e-5)
    assert expected_products.std() > 0.1


def test_users_without_a_pair_have_categories_alone() -> None:
    ensemble = Ensemble([make_member(seed, CONFIG) for seed in range(2)]).eval()

    categories, products = MergedEnsemble(ensemble)(make_inputs(NUM_USERS, 0))

    assert categories.shape == (NUM_USERS, NUM_CATEGORIES)
    assert products.shape == (0,)


def test_merging_leaves_the_ensemble_as_it_was() -> None:
    ensemble = Ensemble([make_member(seed, CONFIG) for seed in range(2)]).eval()
    inputs = make_inputs(NUM_USERS, NUM_PAIRS)
    merged = MergedEnsemble(ensemble)
    before = [weights.clone() for weights in ensemble.state_dict().values()]

    for weights in merged.parameters():
        weights.zero_()

    assert all(torch.equal(one, other) for one, other in zip(before, ensemble.state_dict().values(), strict=True))
    assert ensemble(inputs)[1].abs().max() > 0
    assert not merged(inputs)[1].any()
