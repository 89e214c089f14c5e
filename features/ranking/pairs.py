"""Features of pairs (user, product) at ranking time: one expression a feature, bought before or not.

The same code in training, batch and online. What stands on the user's own purchases of the product alone is read from
the snapshot instead (features/snapshot/history.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

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
        return np.take(types, self._type_cells)

    def of_linked(self, scores: Float32) -> Float32:
        """Look up the EASE score of each user and column, float32[users, columns], for the product."""
        return np.take(scores, self._linked_cells)

    def of_code(self, values: Float32, codes: Int64) -> Float32:
        """Look up what is known of each user and code, float32[users, codes], for the product's code, int64[N]."""
        return np.take(values, self._find_cells(codes, values.shape[1]))

    @cached_property
    def _type_cells(self) -> Int64:
        return self._find_cells(self.arrays.type_codes, self.arrays.num_types)

    @cached_property
    def _linked_cells(self) -> Int64:
        return self.users * self.affinity.together.shape[1] + self.affinity.find_columns(self.products)

    def _find_cells(self, codes: Int64, num_codes: int) -> Int64:
        return self.users * num_codes + codes[self.products]


def _share_type(pairs: PairContext) -> Float32:
    totals = np.maximum(pairs.affinity.totals[pairs.users], 1e-9)
    return np.asarray(pairs.of_type(pairs.affinity.types) / totals, dtype=np.float32)


def _count_brand_in_type(pairs: PairContext) -> Float32:
    return pairs.of_code(pairs.affinity.type_brands, pairs.arrays.type_brand_codes)


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
    "pair_brand_decayed": lambda pairs: pairs.of_code(pairs.affinity.brands, pairs.arrays.brand_codes),
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
        float32[P, number of `pair` features], in the order of definitions.py, NaN = missing; a column lies side by
        side in memory, because all that follows works on columns.

    Raises:
        UnfilledFeatureError: a declared feature has no expression.
    """
    of_history, expressions = _find_places()
    columns = np.empty((len(of_history) + len(expressions), len(pairs.users)), dtype=np.float32)
    bought = pairs.is_bought
    history = np.full((len(of_history), len(bought)), np.nan, dtype=np.float32)
    history[:, bought] = pairs.arrays.history[pairs.history[bought]].T
    columns[of_history] = history
    for place, express in expressions:
        columns[place] = express(pairs)
    return columns.T


@cache
def _find_places() -> tuple[Int64, list[tuple[int, Callable[[PairContext], Float32]]]]:
    """Find the columns of the history, and that of each expression.

    Raises:
        UnfilledFeatureError: a declared feature has no expression.
    """
    require_expressions()
    names = list_names("pair")
    of_history = np.array([names.index(name) for name in HISTORY_FEATURES])
    return of_history, [(names.index(name), express) for name, express in EXPRESSIONS.items()]
