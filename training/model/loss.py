"""The loss of both heads, for users and the lists of candidates that some of them have.

    loss = order_weight * BCE(ordered, orders) + category_weight * BCE(bought, categories of users who ordered)
         + category_listwise_weight * CE(n, softmax(categories / category_temperature))
         + product_weight * weighted BCE(bought, pairs)
         + listwise_weight * CE(n ^ count_power, softmax(pairs / temperature + log weights))

n is the label: in how many of the user's orders of the window a category or product is; it was bought where n > 0.
CE(n, p) is the mean over users of -sum(n log p) / sum(n): what is bought every week goes before what was bought once.
Users who ordered nothing teach the first term alone; each stands for as many as were not drawn.
A pair's weight is the inverse of its chance to be drawn into the list (sampled softmax, Jean et al. 2015, section 3).
"""

from typing import NamedTuple

from torch import Tensor, nn

from training.config import LossConfig
from training.model.wide_deep import Logits


class Targets(NamedTuple):
    """Labels and weights of U users and of the lists that some of them have, as `TrainingRows` has them."""

    categories: Tensor
    user_weights: Tensor
    pairs: Tensor
    pair_weights: Tensor


def compute_loss(logits: Logits, targets: Targets, config: LossConfig) -> Tensor:
    """The module's formula, for users and the lists that some of them have; slots of weight 0 count nowhere."""
    bce = nn.functional.binary_cross_entropy_with_logits
    held, bought = (targets.categories > 0).float(), (targets.pairs > 0).float()
    ordered = held.amax(dim=1)
    users = targets.user_weights / targets.user_weights.mean()
    categories = bce(logits.categories, held, ordered[:, None], reduction="sum") / held.shape[1]
    pair_logits, pair_weights = logits.products.view(bought.shape), targets.pair_weights
    pairs = bce(pair_logits, bought, pair_weights, reduction="sum") / pair_weights.sum().clamp(min=1)
    list_logits = pair_logits / config.temperature + pair_weights.log().clamp(min=-1e9)
    return (
        config.order_weight * bce(logits.orders.squeeze(1), ordered, users)
        + config.category_weight * categories / ordered.sum().clamp(min=1)
        + config.category_listwise_weight * _rank(logits.categories / config.category_temperature, targets.categories)
        + config.product_weight * pairs
        + config.listwise_weight * _rank(list_logits, bought * targets.pairs**config.count_power)
    )


def _rank(logits: Tensor, counts: Tensor) -> Tensor:
    """CE(counts, softmax(logits)) over rows [U, N]; users without any count are left out."""
    totals = counts.sum(dim=1)
    each = -(logits.log_softmax(dim=1) * counts).sum(dim=1) / totals.clamp(min=1)
    return each.sum() / (totals > 0).sum().clamp(min=1)
