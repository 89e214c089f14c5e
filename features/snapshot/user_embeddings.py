"""Users by what they buy alike, and products by who bought them lately: a truncated SVD (Halko et al. 2011).

Let X be the users by products of item_neighbours.py, each column weighted by the product's rarity, and U S V' the part
of it with the TASTE_SIZE largest singular values. A user's taste is the user's row of X V S^-1/2 at unit length. A
product's crowd is the sum of the tastes of those who bought it, each counting 0.5 ** (days since / half-life). A user's
taste times a product's crowd is then the sum of the likenesses (cosines) between the user and all recent buyers:
nearest neighbours with every user as a neighbour, for TASTE_SIZE multiplications a pair.
"""

import numpy as np
import polars as pl
import scipy.sparse
from sklearn.utils.extmath import randomized_svd

from features.snapshot.item_neighbours import Float32, lay_out_purchases, sample_users

TASTE_SIZE = 32
# Tastes are made of what sells best; memory and time grow with these products.
TASTE_PRODUCTS = 8_000
CROWD_HALF_LIFE_DAYS = 28.0
SEED = 31


def build_tastes(history: pl.DataFrame, sold_ids: np.ndarray) -> pl.DataFrame:
    """Find the directions of taste, and the crowd of every product that sold.

    Args:
        history: user_id, product_id, pair_days_since of all users.
        sold_ids: int64[N] ids of the products that sold, the best sellers first.

    Returns:
        product_id (sorted); direction, list of TASTE_SIZE float32: what a purchase adds to a user's taste, zeros beyond
        the best sellers; crowd, likewise; crowd_size float32, the sum of the buyers' weights.
    """
    sold_ids = np.asarray(sold_ids, dtype=np.int64)
    purchases = lay_out_purchases(history, sold_ids)
    directions = np.zeros((len(sold_ids), TASTE_SIZE), dtype=np.float32)
    directions[:TASTE_PRODUCTS] = _find_directions(sample_users(purchases)[:, :TASTE_PRODUCTS])
    weights = lay_out_purchases(history, sold_ids, CROWD_HALF_LIFE_DAYS)
    crowds = weights.T @ measure_tastes(purchases, directions)
    sizes = np.asarray(weights.sum(axis=0), dtype=np.float32).ravel()
    return pl.DataFrame(
        {
            "product_id": sold_ids,
            "direction": _to_lists(directions),
            "crowd": _to_lists(crowds),
            "crowd_size": sizes,
        }
    ).sort("product_id")


def measure_tastes(purchases: scipy.sparse.csr_matrix, directions: Float32) -> Float32:
    """Give the tastes of users, each from their own purchases alone.

    Args:
        purchases: sparse float32[U, N], as the neighbours weigh them.
        directions: float32[N, TASTE_SIZE].

    Returns:
        float32[U, TASTE_SIZE] of unit length, zeros for who bought nothing that has a direction.
    """
    tastes = np.asarray(purchases @ directions, dtype=np.float32)
    lengths = np.linalg.norm(tastes, axis=1, keepdims=True)
    return np.asarray(tastes / np.maximum(lengths, 1e-9), dtype=np.float32)


def _find_directions(purchases: scipy.sparse.csr_matrix) -> Float32:
    """Return rarity * V S^-1/2, float32[products, TASTE_SIZE]; columns beyond the matrix's rank are zero."""
    directions = np.zeros((purchases.shape[1], TASTE_SIZE), dtype=np.float32)
    rank = min(TASTE_SIZE, *purchases.shape)
    if rank == 0:
        return directions
    num_buyers = np.asarray((purchases > 0).sum(axis=0)).ravel()
    rarity = np.log1p(purchases.shape[0] / (num_buyers + 5)).astype(np.float32)
    _, singular, products = randomized_svd(purchases @ scipy.sparse.diags(rarity), rank, random_state=SEED)
    kept = singular > 1e-4 * max(float(singular[0]), 1e-9)
    directions[:, : int(kept.sum())] = rarity[:, None] * products[kept].T / np.sqrt(singular[kept])
    return directions


def _to_lists(rows: Float32) -> pl.Series:
    return pl.Series(np.ascontiguousarray(rows, dtype=np.float32)).cast(pl.List(pl.Float32))
