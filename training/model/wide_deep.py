"""Wide & Deep (Cheng et al. 2016, arXiv:1606.07792) with two heads on one trunk.

    P(label | x) = sigmoid(wide' [x, crosses(x)] + deep' h(x) + bias)          (the paper's equation 3)

The category head asks which categories a user buys from within the horizon: whether the user orders at all, times what
those who order buy (docs/decisions/0021). The product head ranks candidate products for users who order. The wide parts
memorise the pair: its own features and their crosses. The deep parts generalise: the user's hidden state against
embeddings. Losses live in training/model/loss.py; what serves is the ensemble merged (training/model/merged.py).

Shapes: U users, C categories, P candidate pairs, F features, X crosses, H hidden state, E embedding_size.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from training.config import ModelConfig
from training.data.inputs import ModelInputs


@dataclass(frozen=True)
class InputSizes:
    """How wide the inputs are; derived from the feature table and the encoder."""

    user_features: int
    category_features: int
    category_crosses: int
    pair_features: int
    pair_crosses: int
    num_categories: int
    num_products: int


class Wide(nn.Module):
    """The paper's wide part: a linear model of raw features and of the crosses' ids."""

    def __init__(self, num_features: int, num_crosses: int):
        super().__init__()
        self.linear = nn.Linear(num_features, 1)
        self.crosses = nn.Embedding(num_crosses, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.crosses.weight)

    def forward(self, features: Tensor, crosses: Tensor) -> Tensor:
        """Map features [..., F] and cross ids [..., X] to logits [...]."""
        return self.linear(features).squeeze(-1) + self.crosses(crosses).squeeze(-1).sum(dim=-1)


class Trunk(nn.Module):
    """The shared deep part: features of the user and of all its categories to a hidden state."""

    def __init__(self, num_features: int, hidden_dims: list[int], dropout: float):
        super().__init__()
        layers: list[nn.Module] = []
        for width_in, width_out in pairwise([num_features, *hidden_dims]):
            layers += [nn.Linear(width_in, width_out), nn.BatchNorm1d(width_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)

    def forward(self, user: Tensor, categories: Tensor) -> Tensor:
        """Map user [U, F] and categories [U, C, F'] to the hidden state [U, H]."""
        return self.layers(torch.cat([user, categories.flatten(start_dim=1)], dim=1))  # [U, F + C F'] -> [U, H]


class CategoryHead(nn.Module):
    """Whether the user orders, from the hidden state; what then, wide over (user, category) and deep from the state."""

    def __init__(self, sizes: InputSizes, hidden: int):
        super().__init__()
        self.wide = Wide(sizes.category_features, sizes.category_crosses)
        self.deep = nn.Linear(hidden, sizes.num_categories)
        self.orders = nn.Linear(hidden, 1)

    def forward(self, hidden: Tensor, features: Tensor, crosses: Tensor) -> tuple[Tensor, Tensor]:
        """Map hidden [U, H], features [U, C, F] and crosses [U, C, X] to logits [U, 1] and [U, C]."""
        return self.orders(hidden), self.wide(features, crosses) + self.deep(hidden)


class ProductHead(nn.Module):
    """Wide and deep over (user, product); for products never bought, the user's state against their embedding too.

    With embeddings of products bought before, or in the deep layers, a network memorises who bought what in the
    training windows, and a second pass over them ranks worse (docs/decisions/0018).
    """

    def __init__(self, sizes: InputSizes, hidden: int, config: ModelConfig):
        super().__init__()
        size = config.embedding_size
        self.wide = Wide(sizes.pair_features, sizes.pair_crosses)
        self.user = nn.Linear(hidden, size)
        self.product = nn.Embedding(sizes.num_products + 1, size, padding_idx=0)
        self.category = nn.Embedding(sizes.num_categories + 1, size)
        nn.init.normal_(self.product.weight[1:], std=0.05)
        nn.init.normal_(self.category.weight, std=0.05)
        self.parts = [sizes.pair_features, sizes.user_features, size]
        layers: list[nn.Module] = []
        widths = [sum(self.parts), *config.product_hidden_dims]
        for width_in, width_out in pairwise(widths):
            layers += [nn.Linear(width_in, width_out), nn.ReLU(), nn.Dropout(config.product_dropout)]
        self.deep = nn.Sequential(*layers, nn.Linear(widths[-1], 1))
        self.category_weight = nn.Parameter(torch.tensor(0.1))
        self.id_dropout = config.id_dropout

    def forward(self, hidden: Tensor, category_logits: Tensor, inputs: ModelInputs[Tensor]) -> Tensor:
        """Map hidden [U, H], category logits [U, C] and the pairs to logits [P]."""
        users, categories, features = inputs.pair_users, inputs.pair_categories, inputs.pair_features
        user = self.user(hidden).index_select(0, users)  # [P, E]
        product = self.product(self._hide(inputs.pair_products))  # [P, E]
        known = nn.functional.pad(category_logits, (1, 0))  # [U, 1 + C]; the unknown category scores 0
        of_category = known.flatten().index_select(0, users * known.shape[1] + categories)  # [P]
        described = self._describe(inputs.user_features, users, categories, features)  # [P, H']
        generalised = self.deep[1:](described).squeeze(-1) + (user * product).sum(dim=1)
        return self.wide(features, inputs.pair_crosses) + generalised + self.category_weight * of_category

    def _describe(self, user_features: Tensor, users: Tensor, categories: Tensor, features: Tensor) -> Tensor:
        """Apply the first deep layer to the pair's features, its user's and its category's embedding, side by side.

        The layer is linear: what users and categories add is computed once for each of both, not for each pair.
        """
        first = cast(nn.Linear, self.deep[0])
        of_pair, of_user, of_category = torch.split(first.weight, self.parts, dim=1)
        by_user = nn.functional.linear(user_features, of_user, first.bias)  # [U, H']
        by_category = nn.functional.linear(self.category.weight, of_category)  # [1 + C, H']
        known = (by_user[:, None, :] + by_category).flatten(end_dim=1)  # [U (1 + C), H']
        return torch.addmm(known.index_select(0, users * len(by_category) + categories), features, of_pair.T)

    def _hide(self, products: Tensor) -> Tensor:
        """In training, take some products for unknown ones, so that their features carry what ids would memorise."""
        if not self.training:
            return products
        return products * (torch.rand(products.shape) >= self.id_dropout)


class Logits(NamedTuple):
    """What a network says.

    Attributes:
        orders: [U, 1], that the user orders within the horizon.
        categories: [U, C], that an order of the user's then holds the category.
        products: [P], that the user buys the product.
    """

    orders: Tensor
    categories: Tensor
    products: Tensor

    def multiply(self) -> Tensor:
        """Return logits [U, C] of P(orders) P(category | orders): the odds of both are 1 / (1/o + 1/c + 1/(o c))."""
        orders = self.orders.expand_as(self.categories)
        return -torch.stack([-orders, -self.categories, -orders - self.categories]).logsumexp(dim=0)


class WideDeep(nn.Module):
    """Both heads on one trunk: one member of an ensemble."""

    def __init__(self, sizes: InputSizes, config: ModelConfig):
        super().__init__()
        width = sizes.user_features + sizes.num_categories * sizes.category_features
        self.trunk = Trunk(width, config.hidden_dims, config.dropout)
        self.category_head = CategoryHead(sizes, config.hidden_dims[-1])
        self.product_head = ProductHead(sizes, config.hidden_dims[-1], config)

    def forward(self, inputs: ModelInputs[Tensor]) -> Logits:
        """Return all logits."""
        hidden = self.trunk(inputs.user_features, inputs.category_features)  # [U, H]
        orders, category_logits = self.category_head(hidden, inputs.category_features, inputs.category_crosses)
        product_logits = self.product_head(hidden, category_logits, inputs)  # [P]
        return Logits(orders, category_logits, product_logits)  # [U, 1], [U, C], [P]


class Ensemble(nn.Module):
    """Members that differ by their seeds alone; the mean of their logits errs less than any of them.

    Deep ensembles: Lakshminarayanan et al. 2017, arXiv:1612.01474.
    """

    def __init__(self, members: list[WideDeep]):
        super().__init__()
        self.networks = nn.ModuleList(members)

    @property
    def members(self) -> list[WideDeep]:
        """The networks, in the order of their seeds."""
        return [network for network in self.networks if isinstance(network, WideDeep)]

    def forward(self, inputs: ModelInputs[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the logits of buying from each category [U, C] and product logits [P]."""
        said = [member(inputs) for member in self.members]
        categories = torch.stack([logits.multiply() for logits in said])
        return categories.mean(dim=0), torch.stack([logits.products for logits in said]).mean(dim=0)
