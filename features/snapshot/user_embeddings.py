"""User embeddings from the directions of the items that a user bought, and the audiences of items.

item_directions.py finds the directions: what a purchase adds to a user's embedding, which has unit length. An item's
audience is the sum of the embeddings of those who bought it, each counting 0.5 ** (days since / half-life). A user's
embedding times an item's audience is then the sum of the likenesses (cosines) between the user and all recent buyers:
nearest neighbours with every user as a neighbour, for EMBEDDING_SIZE multiplications a pair.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse

from features.definitions import window_days
from features.snapshot.arrays import Int64
from features.snapshot.item_neighbours import HALF_LIFE_DAYS, Float32, lay_out_ages, weigh_ages

EMBEDDING_SIZE = 32
AUDIENCE_HALF_LIFE_DAYS = window_days("pair_alike")
WEIGHT_UNIT, EMBEDDING_UNIT = 2.0**-18, 2.0**-20
"""Weights and embeddings are rounded to these before they are added up; 30 million recent buyers of a product fit."""


@dataclass(frozen=True)
class Audiences:
    """Sums over the recent buyers of each of N products, in whole numbers, so that those of parts of the users add up.

    Attributes:
        embeddings: int64[N, EMBEDDING_SIZE], in WEIGHT_UNIT * EMBEDDING_UNIT.
        sizes: int64[N], in WEIGHT_UNIT.
    """

    embeddings: Int64
    sizes: Int64

    def __add__(self, other: "Audiences") -> "Audiences":
        return Audiences(self.embeddings + other.embeddings, self.sizes + other.sizes)


def sum_audiences(history: pl.DataFrame, sold_ids: np.ndarray, item_directions: Float32) -> Audiences:
    """Add up the embeddings of those who bought each product, of the users in some history."""
    sold_ids = np.asarray(sold_ids, dtype=np.int64)
    ages = lay_out_ages(history, sold_ids)
    embeddings = embed_users(weigh_ages(ages, HALF_LIFE_DAYS), item_directions)
    weights = weigh_ages(ages, AUDIENCE_HALF_LIFE_DAYS).astype(np.float64)
    weights.data = np.rint(weights.data / WEIGHT_UNIT)
    whole_weights = weights.astype(np.int64)
    sums = whole_weights.T @ np.rint(embeddings.astype(np.float64) / EMBEDDING_UNIT).astype(np.int64)
    return Audiences(np.asarray(sums), np.asarray(whole_weights.sum(axis=0)).ravel())


def lay_out_embeddings(sold_ids: np.ndarray, item_directions: Float32, audiences: Audiences) -> pl.DataFrame:
    """Lay out what is known of every product that sold.

    Returns:
        product_id (sorted); direction, list of EMBEDDING_SIZE float32: what a purchase adds to a user's embedding,
        zeros beyond the best sellers; crowd, likewise: its audience; crowd_size float32, the sum of the buyers'
        weights.
    """
    return pl.DataFrame(
        {
            "product_id": np.asarray(sold_ids, dtype=np.int64),
            "direction": _to_lists(item_directions),
            "crowd": _to_lists(audiences.embeddings * (WEIGHT_UNIT * EMBEDDING_UNIT)),
            "crowd_size": (audiences.sizes * WEIGHT_UNIT).astype(np.float32),
        }
    ).sort("product_id")


def embed_users(purchases: scipy.sparse.csr_matrix, item_directions: Float32) -> Float32:
    """Return the embeddings of users, each from their own purchases alone.

    Args:
        purchases: sparse float32[U, N], as the neighbours weigh them.
        item_directions: float32[N, EMBEDDING_SIZE].

    Returns:
        float32[U, EMBEDDING_SIZE] of unit length, zeros for users without a purchase that has a direction.
    """
    embeddings = np.asarray(purchases @ item_directions, dtype=np.float32)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.asarray(embeddings / np.maximum(lengths, 1e-9), dtype=np.float32)


def _to_lists(rows: Float32) -> pl.Series:
    return pl.Series(np.ascontiguousarray(rows, dtype=np.float32)).cast(pl.List(pl.Float32))
