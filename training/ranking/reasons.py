"""Reasons by ablation: the strongest evidence without which the network would score the product lower.

Evidence is taken away and the pair scored again, so that a reason is never a guess about the network: what it cites
made a difference. Where nothing of what the user did made one, the product is there for being popular.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from features.ranking.affinity import ALIKE_FLOOR
from features.ranking.candidates import TOGETHER_FLOOR, Candidates
from features.snapshot.arrays import Float32

# Reason codes.
BOUGHT_BEFORE, BOUGHT_TOGETHER, FAVOURITE_TYPE, SIMILAR_SHOPPERS, POPULAR = (
    "bought_before",
    "bought_together",
    "favourite_type",
    "similar_shoppers",
    "popular",
)

# A fall of the score must be more than rounding: of at least this share of it.
LEAST_FALL = 1e-3


class EvidenceKind(NamedTuple):
    """One kind of evidence: where there is any (bool[P]), and the pairs as they would be without it."""

    reason: str
    find: Callable[[Candidates], np.ndarray]
    remove: Callable[[Candidates], Candidates]


def _forget_history(pairs: Candidates) -> Candidates:
    return dataclasses.replace(pairs, history_rows=np.full_like(pairs.history_rows, -1))


def _forget_companions(pairs: Candidates) -> Candidates:
    nothing = np.zeros_like(pairs.together)
    return dataclasses.replace(pairs, together=nothing, together_lately=nothing)


def _forget_type(pairs: Candidates) -> Candidates:
    nothing, unknown = np.zeros_like(pairs.type_decayed), np.full_like(pairs.type_decayed, np.nan)
    return dataclasses.replace(
        pairs,
        type_decayed=nothing,
        type_share=nothing,
        type_brand_decayed=nothing,
        type_products=nothing,
        type_orders=nothing,
        type_days_since=unknown,
        type_log_price=unknown,
    )


def _forget_audience(pairs: Candidates) -> Candidates:
    return dataclasses.replace(
        pairs, alike=np.full_like(pairs.alike, np.log(ALIKE_FLOOR)), alike_mean=np.zeros_like(pairs.alike_mean)
    )


EVIDENCE = (  # strongest first: what the user did with the product itself says more than with others
    EvidenceKind(BOUGHT_BEFORE, lambda pairs: pairs.history_rows >= 0, _forget_history),
    EvidenceKind(BOUGHT_TOGETHER, lambda pairs: pairs.together > TOGETHER_FLOOR, _forget_companions),
    EvidenceKind(FAVOURITE_TYPE, lambda pairs: pairs.type_decayed > 0, _forget_type),
    EvidenceKind(SIMILAR_SHOPPERS, lambda pairs: pairs.alike_mean > 0, _forget_audience),
)


def cite(pairs: Candidates, scores: Float32, score: Callable[[Candidates], Float32]) -> np.ndarray:
    """Name for each pair the first kind of evidence whose loss lowers its score.

    Args:
        pairs: P pairs, sorted by user.
        scores: float32[P], their scores.
        score: scores pairs of the same users.

    Returns:
        Reason codes, str[P].
    """
    reasons = np.full(pairs.num_pairs, POPULAR, dtype=object)
    for evidence in EVIDENCE:
        rows = np.flatnonzero(evidence.find(pairs) & (reasons == POPULAR))
        if len(rows):
            without = score(evidence.remove(pairs.take(rows)))
            reasons[rows[without < scores[rows] * (1 - LEAST_FALL)]] = evidence.reason
    return reasons
