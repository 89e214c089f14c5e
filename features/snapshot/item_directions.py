"""Item directions from a truncated SVD (Halko et al. 2011); apart, since only a rebuild's last step needs scikit-learn.

Let X be the users by products of item_neighbours.py, each column weighted by the product's rarity, and U S V' the part
of it with the EMBEDDING_SIZE largest singular values. A user's embedding is the user's row of X V S^-1/2 at unit
length; an item's direction is its row of V S^-1/2 times its rarity, what a purchase adds.
"""

import numpy as np
import polars as pl
import scipy.sparse

from features.snapshot.item_neighbours import Float32, lay_out_purchases, sample_users
from features.snapshot.user_embeddings import EMBEDDING_SIZE, lay_out_embeddings, sum_audiences

# Embeddings are made of what sells best; memory and time grow with these products.
EMBEDDED_PRODUCTS = 8_000
SEED = 31


def build_embeddings(history: pl.DataFrame, sold_ids: np.ndarray) -> pl.DataFrame:
    """Find the direction and the audience of every product that sold, from the history of all users.

    Args:
        history: user_id, product_id, pair_days_since of all users.
        sold_ids: int64[N] ids of the products that sold, the best sellers first.

    Returns:
        As `lay_out_embeddings`.
    """
    item_directions = find_item_directions(history, sold_ids)
    return lay_out_embeddings(sold_ids, item_directions, sum_audiences(history, sold_ids, item_directions))


def find_item_directions(history: pl.DataFrame, sold_ids: np.ndarray) -> Float32:
    """Find what a purchase of each product adds to a user's embedding.

    Args:
        history: as for `build_embeddings`; of the users in `sample_ids` is enough.
        sold_ids: as for `build_embeddings`.

    Returns:
        float32[N, EMBEDDING_SIZE], zeros beyond the best sellers.
    """
    item_directions = np.zeros((len(sold_ids), EMBEDDING_SIZE), dtype=np.float32)
    purchases = lay_out_purchases(history, np.asarray(sold_ids, dtype=np.int64))
    item_directions[:EMBEDDED_PRODUCTS] = _find_item_directions(sample_users(purchases)[:, :EMBEDDED_PRODUCTS])
    return item_directions


def _find_item_directions(purchases: scipy.sparse.csr_matrix) -> Float32:
    """Return rarity * V S^-1/2, float32[products, EMBEDDING_SIZE]; columns beyond the matrix's rank are zero."""
    from sklearn.utils.extmath import randomized_svd  # here: half of what a share takes to start, which needs it not

    item_directions = np.zeros((purchases.shape[1], EMBEDDING_SIZE), dtype=np.float32)
    rank = min(EMBEDDING_SIZE, *purchases.shape)
    if rank == 0:
        return item_directions
    num_buyers = np.asarray((purchases > 0).sum(axis=0)).ravel()
    rarity = np.log1p(purchases.shape[0] / (num_buyers + 5)).astype(np.float32)
    _, singular, products = randomized_svd(purchases @ scipy.sparse.diags(rarity), rank, random_state=SEED)
    kept = singular > 1e-4 * max(float(singular[0]), 1e-9)
    item_directions[:, : int(kept.sum())] = rarity[:, None] * products[kept].T / np.sqrt(singular[kept])
    return item_directions
