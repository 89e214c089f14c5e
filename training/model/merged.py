"""An ensemble as one network, for export: its logits are the ensemble's, in a third of the steps.

A run for a few pairs costs what its steps cost, not what they compute. The members' logits are averaged, and each is a
sum: what no ReLU follows is added up once for all members, with mean weights, and small layers of theirs lie side by
side. Batch norms, fixed after training, become part of the layers before them (docs/decisions/0065).

Shapes: as in training/model/wide_deep.py, and M members.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_linear_bn_eval

from training.data.inputs import ModelInputs
from training.model.wide_deep import CategoryHead, Ensemble, Logits, ProductHead, Trunk, WideDeep


class MergedEnsemble(nn.Module):
    """The mean of an ensemble's logits, from weights that were merged beforehand."""

    @torch.no_grad()
    def __init__(self, ensemble: Ensemble):
        """Merge a copy of the weights of an ensemble in evaluation mode."""
        super().__init__()
        members = deepcopy(ensemble).members
        self.trunk = _Trunk([member.trunk for member in members])
        self.heads = _Heads(members)
        self.categories = _Categories([member.category_head for member in members])
        self.products = _Products([member.product_head for member in members])
        self.eval().requires_grad_(False)

    def forward(self, inputs: ModelInputs[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the logits of buying from each category [U, C] and product logits [P]."""
        hidden = self.trunk(inputs.user_features, inputs.category_features)  # [U, M H]
        orders, deep, users = self.heads(hidden)  # [U, M, 1], [U, M, C], [U, M, E]
        categories = self.categories(deep, inputs.category_features, inputs.category_crosses)  # [U, M, C]
        products = self.products(users, categories, inputs)  # [P]
        return Logits(orders, categories, products).multiply().mean(dim=1), products


class _Trunk(nn.Module):
    """All members' trunks: the first layers, which read the same, as one."""

    def __init__(self, trunks: Sequence[Trunk]):
        super().__init__()
        layers = [_fold_norms(trunk) for trunk in trunks]
        self.first = _join([first for first, *_ in layers])
        self.later = nn.ModuleList(
            nn.Sequential(*(part for layer in later for part in (layer, nn.ReLU()))) for _, *later in layers
        )

    def forward(self, user: Tensor, categories: Tensor) -> Tensor:
        """Map user [U, F] and categories [U, C, F'] to the hidden states of all members [U, M H]."""
        first = self.first(torch.cat([user, categories.flatten(start_dim=1)], dim=1)).relu()
        states = first.chunk(len(self.later), dim=1)
        return torch.cat([later(state) for later, state in zip(self.later, states, strict=True)], dim=1)


class _Heads(nn.Module):
    """What the heads read of the hidden states, as one layer; each member's reads its own state."""

    def __init__(self, members: Sequence[WideDeep]):
        super().__init__()
        heads = [
            [member.category_head.orders for member in members],
            [member.category_head.deep for member in members],
            [member.product_head.user for member in members],
        ]
        self.num_members = len(members)
        self.widths = [sum(layer.out_features for layer in layers) for layers in heads]
        weight = torch.cat([_place_blocks([layer.weight for layer in layers]) for layers in heads])
        self.layer = _make_layer(weight, torch.cat([layer.bias for layers in heads for layer in layers]))

    def forward(self, hidden: Tensor) -> list[Tensor]:
        """Map hidden states [U, M H] to [U, M, 1], [U, M, C] and [U, M, E]."""
        return [part.unflatten(1, (self.num_members, -1)) for part in self.layer(hidden).split(self.widths, dim=1)]


class _Categories(nn.Module):
    """The wide parts of all members' category heads."""

    def __init__(self, heads: Sequence[CategoryHead]):
        super().__init__()
        self.linear = _join([head.wide.linear for head in heads])
        self.crosses = nn.Parameter(torch.cat([head.wide.crosses.weight for head in heads], dim=1))  # [ids, M]

    def forward(self, deep: Tensor, features: Tensor, crosses: Tensor) -> Tensor:
        """Add what features [U, C, F] and crosses [U, C, X] say to deep logits [U, M, C]."""
        wide = self.linear(features) + nn.functional.embedding(crosses, self.crosses).sum(dim=2)  # [U, C, M]
        return deep + wide.transpose(1, 2)


class _Products(nn.Module):
    """The mean of all members' product heads: their deep layers, and one of each other part."""

    def __init__(self, heads: Sequence[ProductHead]):
        super().__init__()
        firsts = [cast(nn.Linear, head.deep[0]) for head in heads]
        lasts = [cast(nn.Linear, head.deep[-1]) for head in heads]
        of_pair, of_user, of_category = zip(
            *(torch.split(first.weight, head.parts, dim=1) for first, head in zip(firsts, heads, strict=True)),
            strict=True,
        )
        self.by_user = _make_layer(torch.cat(of_user), torch.cat([first.bias for first in firsts]))  # to M H'
        tables = [head.category.weight @ each.T for head, each in zip(heads, of_category, strict=True)]
        self.by_category = nn.Parameter(torch.cat(tables, dim=1))  # [1 + C, M H']
        self.by_pair = nn.ParameterList(nn.Parameter(weight.T) for weight in of_pair)
        self.deep = nn.ModuleList(nn.Sequential(*list(head.deep)[1:-1]) for head in heads)
        self.last = nn.ParameterList(nn.Parameter(last.weight.T / len(heads)) for last in lasts)
        bias = _average(head.wide.linear.bias + last.bias for head, last in zip(heads, lasts, strict=True))
        self.wide = _make_layer(_average(head.wide.linear.weight for head in heads), bias)
        self.crosses = nn.Parameter(_average(head.wide.crosses.weight for head in heads))  # [ids, 1]
        self.product_embeddings = nn.Parameter(torch.stack([head.product.weight for head in heads], dim=1) / len(heads))
        self.category_weights = nn.Parameter(
            torch.stack([head.category_weight for head in heads])[:, None] / len(heads)
        )

    def forward(self, users: Tensor, category_logits: Tensor, inputs: ModelInputs[Tensor]) -> Tensor:
        """Map users [U, M, E], category logits [U, M, C] and the pairs to logits [P]."""
        known = nn.functional.pad((category_logits * self.category_weights).sum(dim=1), (1, 0))  # [U, 1 + C]
        cells = inputs.pair_users * known.shape[1] + inputs.pair_categories
        user = users.index_select(0, inputs.pair_users)
        product = self.product_embeddings.index_select(0, inputs.pair_products)  # [P, M, E]
        added = self._describe(inputs.user_features, cells, inputs.pair_features).squeeze(dim=1)
        added = added + nn.functional.embedding(inputs.pair_crosses, self.crosses).flatten(start_dim=1).sum(dim=1)
        return added + (user * product).sum(dim=(1, 2)) + known.flatten().index_select(0, cells)

    def _describe(self, user_features: Tensor, cells: Tensor, features: Tensor) -> Tensor:
        """Add up the deep layers of all members and the wide part, [P, 1]; see `ProductHead._describe`."""
        known = (self.by_user(user_features)[:, None, :] + self.by_category).flatten(end_dim=1)  # [U (1 + C), M H']
        added = self.wide(features)
        for state, weight, deep, last in zip(
            known.chunk(len(self.deep), dim=1), self.by_pair, self.deep, self.last, strict=True
        ):
            hidden = deep(torch.addmm(state.index_select(0, cells), features, weight))
            added = torch.addmm(added, hidden, last)
        return added


def _fold_norms(trunk: Trunk) -> list[nn.Linear]:
    """Return a trunk's layers with their batch norms in their weights; a ReLU follows each."""
    layers = [each for each in trunk.layers if isinstance(each, nn.Linear)]
    norms = [each for each in trunk.layers if isinstance(each, nn.BatchNorm1d)]
    return [fuse_linear_bn_eval(layer, norm) for layer, norm in zip(layers, norms, strict=True)]


def _join(layers: Sequence[nn.Linear]) -> nn.Linear:
    """Make one layer of some that read the same; their outputs lie side by side."""
    return _make_layer(torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers]))


def _make_layer(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")  # draws no weights
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


def _place_blocks(weights: Sequence[Tensor]) -> Tensor:
    """Place weights [out, in] on the diagonal of [M out, M in]: each reads its own part of what lies side by side."""
    blocks = weights[0].new_zeros(len(weights), weights[0].shape[0], len(weights), weights[0].shape[1])
    for place, weight in enumerate(weights):
        blocks[place, :, place] = weight
    return blocks.flatten(start_dim=2).flatten(end_dim=1)


def _average(weights: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(weights)).mean(dim=0)
