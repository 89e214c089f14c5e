"""Features of pairs (user, product) at ranking time: one expression a feature, bought before or not.

The same code in training, batch and online. What stands on the user's own purchases of the product alone is read from
the snapshot instead (features/snapshot/history.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.definitions import HISTORY_FEATURES, list_names, require_filled
from features.ranking.affinity import Affinity
from features.snapshot.arrays import Float32, Int64, SnapshotArrays


@dataclass(frozen=True)
class PairContext:
    """P pairs of some users, and what an expression may read.

    Attributes:
        arrays: the snapshot.
        affinity: of the users.
        users: int64[P], positions among those users.
        products: int64[P], rows of products.
        history: int64[P], rows of the pairs in the history, -1 = never bought.
    """

    arrays: SnapshotArrays
    affinity: Affinity
    users: Int64
    products: Int64
    history: Int64

    @cached_property
    def is_bought(self) -> np.ndarray:
        """Which pairs have a history, bool[P]."""
        return self.history >= 0

    @cached_property
    def alike(self) -> tuple[Float32, Float32]:
        """Likeness to the product's other recent buyers, summed (in logarithms) and its mean."""
        return self.affinity.measure_alike(self.users, self.products, self.history)

    def of_type(self, types: Float32) -> Float32:
        """Look up what is known of each user and product type, float32[users, types], for the product's type."""
        known: Float32 = types[self.users, self.arrays.type_codes[self.products]]
        return known

    def of_linked(self, scores: Float32) -> Float32:
        """Look up the score of each user and linked product, float32[users, L + 1], for the product."""
        known: Float32 = scores[self.users, self.arrays.linked_codes[self.products]]
        return known


def _share_type(pairs: PairContext) -> Float32:
    totals = np.maximum(pairs.affinity.totals[pairs.users], 1e-9)
    return np.asarray(pairs.of_type(pairs.affinity.types) / totals, dtype=np.float32)


def _count_brand_in_type(pairs: PairContext) -> Float32:
    counts: Float32 = pairs.affinity.type_brands[pairs.users, pairs.arrays.type_brand_codes[pairs.products]]
    return counts


def _divide_variety(pairs: PairContext) -> Float32:
    products, orders = pairs.of_type(pairs.affinity.type_products), pairs.of_type(pairs.affinity.type_orders)
    return np.divide(products, orders, out=np.full_like(products, np.nan), where=orders > 0)


def _share_within_type(pairs: PairContext) -> Float32:
    own = np.zeros(len(pairs.users), dtype=np.float32)
    own[pairs.is_bought] = pairs.arrays.history_decayed[pairs.history[pairs.is_bought]]
    return np.asarray(own / np.maximum(pairs.of_type(pairs.affinity.types), 1e-3), dtype=np.float32)


def _compare_level(pairs: PairContext) -> Float32:
    levels = pairs.arrays.product_column("product_price_level")[pairs.products]
    return levels - pairs.arrays.user_column("user_price_level")[pairs.affinity.user_rows][pairs.users]


EXPRESSIONS: dict[str, Callable[[PairContext], Float32]] = {
    "pair_together": lambda pairs: pairs.of_linked(pairs.affinity.together),
    "pair_together_28d": lambda pairs: pairs.of_linked(pairs.affinity.together_lately),
    "pair_type_decayed": lambda pairs: pairs.of_type(pairs.affinity.types),
    "pair_type_share": _share_type,
    "pair_brand_decayed": lambda pairs: pairs.affinity.brands[pairs.users, pairs.arrays.brand_codes[pairs.products]],
    "pair_type_brand_decayed": _count_brand_in_type,
    "pair_type_days_since": lambda pairs: pairs.of_type(pairs.affinity.type_ages),
    "pair_type_products": lambda pairs: pairs.of_type(pairs.affinity.type_products),
    "pair_type_variety": _divide_variety,
    "pair_type_loyalty": _share_within_type,
    "pair_alike": lambda pairs: pairs.alike[0],
    "pair_alike_mean": lambda pairs: pairs.alike[1],
    "pair_type_price_gap": lambda pairs: (
        pairs.arrays.log_prices[pairs.products] - pairs.of_type(pairs.affinity.type_log_prices)
    ),
    "pair_price_gap": _compare_level,
}


def require_expressions() -> None:
    """Require an expression for each declared pair feature that is not of the history.

    Raises:
        UnfilledFeatureError: one has none.
    """
    require_filled(list_names("pair"), {*HISTORY_FEATURES, *EXPRESSIONS}, "features/ranking/pairs.py")


def measure_pairs(pairs: PairContext) -> Float32:
    """Compute all pair features.

    Returns:
        float32[P, number of `pair` features], in the order of definitions.py, NaN = missing.

    Raises:
        UnfilledFeatureError: a declared feature has no expression.
    """
    require_expressions()
    names = list_names("pair")
    features = np.full((len(pairs.users), len(names)), np.nan, dtype=np.float32)
    own = np.array([names.index(name) for name in HISTORY_FEATURES])
    features[np.ix_(pairs.is_bought, own)] = pairs.arrays.history[pairs.history[pairs.is_bought]]
    for name, express in EXPRESSIONS.items():
        features[:, names.index(name)] = express(pairs)
    return features
