"""Encoding of ranked lists as stored: one JSON text a list, and a checksum independent of the text.

A stored list is `[[product_id, category_id, score, reason_code], ...]`, best first. Scores are written with as many
digits as a float32 needs, so that reading them back gives the very same number.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

CHECKSUM_MODULUS = 2**64
_MIX = np.uint64(0x9E3779B97F4A7C15)


def encode_lists(ranked: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Write one JSON text per list.

    Args:
        ranked: columns `by`, product_id, category_id, score (float32), reason; sorted by `by`, then best first.
            Reasons are codes of letters, digits and underscores, so that they need no escaping.
        by: the key of a list, such as `["user_id"]`.

    Returns:
        Columns `by` and `products`, in the order of `ranked`. A score that is not finite becomes `null`.
    """
    score = pl.col("score").cast(pl.Float32)
    score_text = pl.when(score.is_finite()).then(score.cast(pl.String)).otherwise(pl.lit("null"))
    entry = pl.format('[{},{},{},"{}"]', "product_id", "category_id", score_text, "reason")
    lists = ranked.select(*by, entry=entry).group_by(by, maintain_order=True).agg(pl.col("entry").str.join(","))
    return lists.select(*by, products=pl.concat_str(pl.lit("["), "entry", pl.lit("]")))


def checksum_rows(user_ids: pl.Series, ranks: pl.Series, product_ids: pl.Series, scores: pl.Series) -> int:
    """Add up a hash of each row, modulo 2**64: equal for the same rows in any order, cut into any pieces.

    Args:
        user_ids: int64, one per row.
        ranks: position in the user's list, from 1.
        product_ids: int64.
        scores: float32; their bits are hashed, so two scores are equal only when nothing was lost.
    """
    bits = scores.cast(pl.Float32).to_numpy().view(np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        hashes = _mix(user_ids.to_numpy().astype(np.uint64))
        for column in (ranks.to_numpy().astype(np.uint64), product_ids.to_numpy().astype(np.uint64), bits):
            hashes = _mix(hashes ^ column)
        return int(hashes.sum(dtype=np.uint64))


def _mix(values: np.ndarray) -> np.ndarray:
    """Spread the bits of 64-bit numbers (the finaliser of SplitMix64)."""
    values = values + _MIX
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = values ^ (values >> np.uint64(31))
    return mixed
