"""Reasons by ablation: the strongest evidence without which the network would score the product lower.

Evidence is taken away and the pair scored again, so that a reason is never a guess about the network: what it cites
made a difference. Where nothing of what the user did made one, the product is there for being popular. What stands on
which evidence is declared in features/definitions.py.
"""

from collections.abc import Callable

import numpy as np

from features.definitions import EVIDENCE
from features.ranking.candidates import Candidates
from features.snapshot.arrays import Float32

POPULAR = "popular"
# A fall of the score must be more than rounding: of at least this share of it.
LEAST_FALL = 1e-3


def cite(pairs: Candidates, scores: Float32, score: Callable[[Candidates], Float32]) -> np.ndarray:
    """Name for each pair the first kind of evidence whose loss lowers its score.

    Args:
        pairs: P pairs, sorted by user.
        scores: float32[P], their scores.
        score: scores pairs of the same users.

    Returns:
        Names of evidence, or POPULAR, str[P].
    """
    reasons = np.full(pairs.num_pairs, POPULAR, dtype=object)
    for kind in EVIDENCE:
        rows = np.flatnonzero((pairs.column(kind.shown_by) > kind.above) & (reasons == POPULAR))
        if len(rows):
            without = score(pairs.take(rows).without(kind.name))
            reasons[rows[without < scores[rows] * (1 - LEAST_FALL)]] = kind.name
    return reasons
