"""Item-to-item weights of the products that sell: EASE (Steck 2019, arXiv:1905.03375), kept sparse.

For the matrix X of users (and guests' baskets) by products, which holds how fresh a user's last purchase of a product
is, B minimises |X - X B|^2 + penalty |B|^2 with a zero diagonal; in closed form B = I - P diag(1 / diag(P)) with P =
(X'X + penalty I)^-1. Only the largest weights of each product are kept.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.linalg
import scipy.sparse

from features.definitions import window_days

Float32 = npt.NDArray[np.float32]

# Memory grows with 8 * CORE_PRODUCTS^2 bytes, time with its cube. Past MAX_USERS every second, third, ... user counts.
CORE_PRODUCTS = 3_000
MAX_USERS = 50_000
PENALTY = 300.0
NEIGHBOURS_KEPT = 500
HALF_LIFE_DAYS = window_days("pair_together")


def build_neighbours(history: pl.DataFrame, core_ids: np.ndarray) -> pl.DataFrame:
    """Weigh how much the purchase of one product speaks for another.

    Args:
        history: user_id, product_id, pair_days_since of all users, and of guests with a user_id a basket.
        core_ids: int64[N] ids of the products to connect, the best sellers first.

    Returns:
        product_id (bought), neighbour_id (recommended), weight float32: for each neighbour the NEIGHBOURS_KEPT products
        that speak loudest for or against it. Sorted by product_id, neighbour_id. Empty for fewer than two products.
    """
    if len(core_ids) < 2:
        return pl.DataFrame(schema={"product_id": pl.Int64, "neighbour_id": pl.Int64, "weight": pl.Float32})
    weights = _solve_ease(sample_users(lay_out_purchases(history, core_ids)))
    kept = min(NEIGHBOURS_KEPT, len(core_ids) - 1)
    loudest = np.argpartition(-np.abs(weights), kept - 1, axis=0)[:kept]
    targets = np.broadcast_to(np.arange(len(core_ids)), loudest.shape)
    return pl.DataFrame(
        {
            "product_id": core_ids[loudest.ravel()],
            "neighbour_id": core_ids[targets.ravel()],
            "weight": weights[loudest, targets].ravel(),
        }
    ).sort("product_id", "neighbour_id")


def weigh_purchases(days_since: Float32, half_life_days: float = HALF_LIFE_DAYS) -> Float32:
    """Weigh a pair by the age of its last purchase. How often it was bought adds nothing to what goes with it."""
    return np.asarray(0.5 ** (days_since / half_life_days), dtype=np.float32)


def lay_out_purchases(history: pl.DataFrame, product_ids: np.ndarray) -> scipy.sparse.csr_matrix:
    """Lay out who bought what as a matrix of weights; `lay_out_ages` says the arguments and the shape."""
    return weigh_ages(lay_out_ages(history, product_ids), HALF_LIFE_DAYS)


def lay_out_ages(history: pl.DataFrame, product_ids: np.ndarray) -> scipy.sparse.csr_matrix:
    """Lay out who bought what as a matrix of days since the last purchase; a zero that is stored is one of today.

    Args:
        history: user_id, product_id, pair_days_since.
        product_ids: int64[N], the columns; other products are left out.

    Returns:
        sparse float32[users in history, N], users by ascending id.
    """
    user_ids, user_rows = np.unique(history["user_id"].to_numpy(), return_inverse=True)
    shape = (len(user_ids), len(product_ids))
    if 0 in shape:
        return scipy.sparse.csr_matrix(shape, dtype=np.float32)
    bought = history["product_id"].to_numpy()
    order = np.argsort(product_ids)
    position = np.searchsorted(product_ids, bought, sorter=order)
    column = order[np.minimum(position, len(product_ids) - 1)]
    inside = product_ids[column] == bought
    days = history["pair_days_since"].to_numpy()[inside]
    return scipy.sparse.csr_matrix((days, (user_rows[inside], column[inside])), shape=shape)


def weigh_ages(ages: scipy.sparse.csr_matrix, half_life_days: float) -> scipy.sparse.csr_matrix:
    """Weigh the purchases of `lay_out_ages` by their half-life."""
    weights = weigh_purchases(ages.data, half_life_days)
    return scipy.sparse.csr_matrix((weights, ages.indices, ages.indptr), shape=ages.shape)


def sample_users(purchases: scipy.sparse.csr_matrix) -> scipy.sparse.csr_matrix:
    """Keep every second, third, ... user, so that at most MAX_USERS are left."""
    return purchases[:: _find_step(purchases.shape[0])]


def sample_ids(user_ids: np.ndarray) -> np.ndarray:
    """Keep the ids, sorted, of the users that `sample_users` keeps, so that others' history need not be read."""
    return user_ids[:: _find_step(len(user_ids))]


def _find_step(num_users: int) -> int:
    return max(-(-num_users // MAX_USERS), 1)


def _solve_ease(purchases: scipy.sparse.csr_matrix) -> Float32:
    """Return B, float32[products, products], zero diagonal. Cholesky, since X'X + penalty I is positive definite."""
    gram = (purchases.T @ purchases).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += PENALTY
    factor, _ = scipy.linalg.lapack.spotrf(gram, lower=False, overwrite_a=True)
    inverse, _ = scipy.linalg.lapack.spotri(factor, lower=False, overwrite_c=True)
    inverse = np.triu(inverse) + np.triu(inverse, 1).T
    weights = -inverse / np.diag(inverse)[None, :]
    weights[np.diag_indices_from(weights)] = 0.0
    return weights.astype(np.float32)
