"""Similar products by content and learned embedding, whether or not anybody ever bought both.

The likeness of two products of one category is the cosine of the network's embeddings, plus 1 if they are of the same
type. Products that the network never saw have their type alone. Among equals the more popular one is first.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from features.snapshot.arrays import Float32, Int64

ALIKE_LENGTH = 20
CANDIDATES = 2000
"""Most popular products of a category among which the like ones are sought: the work grows with the shop, not with its
square."""

ROWS_AT_ONCE = 2000
TIE = 1e-6
REASON = "alike"


def rank_alike(products: pl.DataFrame, embeddings: Float32) -> pl.DataFrame:
    """Rank for each product those of its category that are most like it.

    Args:
        products: product_id, category_id, type_code (negative or null = unknown), popularity, is_sellable; one row a
            product. What is hidden or sold out is like nothing, though others are like it.
        embeddings: float32[products, E], of unit length or all zeros, in the order of `products`.

    Returns:
        neighbour_of, rank, product_id, category_id, score (float32, the likeness), reason; at most ALIKE_LENGTH for
        each product, sorted by neighbour_of and rank.
    """
    ids = products["product_id"].to_numpy().astype(np.int64)
    types = products["type_code"].fill_null(-1).to_numpy().astype(np.int64)
    categories = products["category_id"].to_numpy().astype(np.int64)
    is_sellable = products["is_sellable"].to_numpy()
    by_popularity = np.argsort(-products["popularity"].fill_null(0).to_numpy(), kind="stable")
    frames = [_frame(np.empty((0, 0), dtype=np.int64), np.empty((0, 0), dtype=np.float32), ids[:0], 0)]
    for category in np.unique(categories):
        members = by_popularity[categories[by_popularity] == category]
        others = members[is_sellable[members]][:CANDIDATES]
        for rows, chosen, scores in _find_alike(members, others, types, embeddings):
            frames.append(_frame(ids[chosen], scores, ids[rows], int(category)))
    return pl.concat(frames).sort("neighbour_of", "rank")


def _find_alike(
    members: Int64, others: Int64, types: Int64, embeddings: Float32
) -> Iterator[tuple[Int64, Int64, Float32]]:
    """Yield for some rows at a time the rows most like them, best first, and their likeness.

    Args:
        members: rows of one category.
        others: those among them that are sellable, the most popular first.
        types: int64, by row; negative = unknown.
        embeddings: float32, by row.
    """
    length = min(ALIKE_LENGTH, len(others) - 1)
    if length < 1:
        return
    for start in range(0, len(members), ROWS_AT_ONCE):
        rows = members[start : start + ROWS_AT_ONCE]
        is_same_type = (types[rows][:, None] == types[others][None, :]) & (types[rows][:, None] >= 0)
        likeness = embeddings[rows] @ embeddings[others].T + is_same_type
        order = likeness - TIE * np.arange(len(others), dtype=np.float32)
        order[rows[:, None] == others[None, :]] = -np.inf  # a product is not like itself
        best = np.argpartition(-order, length - 1, axis=1)[:, :length]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(order, best, axis=1), axis=1), axis=1)
        yield rows, others[best], np.take_along_axis(likeness, best, axis=1).astype(np.float32)


def _frame(chosen: Int64, scores: Float32, owners: Int64, category_id: int) -> pl.DataFrame:
    """Lay out the product ids chosen for each owner, int64[owners, length]."""
    length = chosen.shape[1]
    return pl.DataFrame(
        {
            "neighbour_of": np.repeat(owners, length),
            "rank": np.tile(np.arange(1, length + 1, dtype=np.int64), len(owners)),
            "product_id": chosen.ravel(),
            "category_id": np.full(chosen.size, category_id, dtype=np.int64),
            "score": scores.ravel(),
            "reason": pl.Series([REASON] * chosen.size, dtype=pl.String),
        }
    )
