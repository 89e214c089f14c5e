"""Substitutes: products of the same type, by what the network learned of them, whether or not anybody bought both.

The likeness of two products of one type is the cosine of the network's embeddings, 0 for products that it never saw.
Among equals the more popular one is first. A product of no known type has none.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from features.snapshot.arrays import Float32, Int64

ALIKE_LENGTH = 20
CANDIDATES = 2000
"""Most popular products of a type among which the like ones are sought: the work grows with the shop, not with its
square."""

ROWS_AT_ONCE = 2000
TIE = 1e-6
REASON = "alike"


def rank_alike(products: pl.DataFrame, embeddings: Float32) -> pl.DataFrame:
    """Rank for each product those of its type that are most like it.

    Args:
        products: product_id, category_id, type_code (negative or null = unknown), popularity, is_sellable; one row a
            product. What is hidden or sold out is like nothing, though others are like it.
        embeddings: float32[products, E], of unit length or all zeros, in the order of `products`.

    Returns:
        neighbour_of, rank, product_id, category_id, score (float32, the likeness), reason; at most ALIKE_LENGTH for
        each product, sorted by neighbour_of and rank.
    """
    types = np.maximum(products["type_code"].fill_null(-1).to_numpy().astype(np.int64), -1)
    is_sellable = products["is_sellable"].to_numpy()
    by_popularity = np.argsort(-products["popularity"].fill_null(0).to_numpy(), kind="stable")
    by_type = by_popularity[np.argsort(types[by_popularity], kind="stable")]
    starts = np.flatnonzero(np.diff(types[by_type], prepend=-1))  # those of no known type come before the first
    chosen = [_Chosen(by_type[:0], by_type[:0], embeddings[:0, :0].ravel(), by_type[:0])]
    for members in np.split(by_type, starts)[1:]:
        others = members[is_sellable[members]][:CANDIDATES]
        chosen += [_lay_out(*found) for found in _find_alike(members, others, embeddings)]
    return _to_frame(products, _Chosen(*(np.concatenate(column) for column in zip(*chosen, strict=True))))


class _Chosen(NamedTuple):
    """Rows of products and of those like them, with the likeness and the rank."""

    owners: Int64
    others: Int64
    scores: Float32
    ranks: Int64


def _find_alike(members: Int64, others: Int64, embeddings: Float32) -> Iterator[tuple[Int64, Int64, Float32]]:
    """Yield for some rows at a time the rows most like them, best first, and their likeness.

    Args:
        members: rows of one type.
        others: those among them that are sellable, the most popular first.
        embeddings: float32, by row.
    """
    length = min(ALIKE_LENGTH, len(others))
    if length < 1:
        return
    for start in range(0, len(members), ROWS_AT_ONCE):
        rows = members[start : start + ROWS_AT_ONCE]
        likeness = embeddings[rows] @ embeddings[others].T
        order = likeness - TIE * np.arange(len(others), dtype=np.float32)
        order[rows[:, None] == others[None, :]] = -np.inf  # a product is not like itself
        best = np.argpartition(-order, length - 1, axis=1)[:, :length]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(order, best, axis=1), axis=1), axis=1)
        yield rows, others[best], np.take_along_axis(likeness, best, axis=1).astype(np.float32)


def _lay_out(rows: Int64, best: Int64, scores: Float32) -> _Chosen:
    """Lay out the rows chosen for each row, int64[rows, length], without the row itself."""
    length = best.shape[1]
    owners, ranks = np.repeat(rows, length), np.tile(np.arange(1, length + 1, dtype=np.int64), len(rows))
    kept = owners != best.ravel()
    return _Chosen(owners[kept], best.ravel()[kept], scores.ravel()[kept], ranks[kept])


def _to_frame(products: pl.DataFrame, chosen: _Chosen) -> pl.DataFrame:
    ids, categories = (products[name].to_numpy().astype(np.int64) for name in ("product_id", "category_id"))
    return pl.DataFrame(
        {
            "neighbour_of": ids[chosen.owners],
            "rank": chosen.ranks,
            "product_id": ids[chosen.others],
            "category_id": categories[chosen.others],
            "score": chosen.scores,
            "reason": pl.Series([REASON] * len(chosen.owners), dtype=pl.String),
        }
    ).sort("neighbour_of", "rank")
