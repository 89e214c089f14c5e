"""Reasons: that the user bought the product; of what is new to the user, by ablation, what the network went by.

What was bought always says so: pages are composed by it, and it holds whatever else the network saw. Of other products
evidence is taken away and the pair scored again, so that a reason is never a guess about the network: it cites the
strongest evidence that made a difference. Where nothing of what the user did made one, the product is there for being
popular. What stands on which evidence is declared in features/definitions.py.
"""

from collections.abc import Callable

import numpy as np

from features.definitions import BOUGHT, EVIDENCE
from features.ranking.candidates import Candidates
from features.snapshot.arrays import Float32

POPULAR = "popular"
# A fall of the score must be more than rounding: of at least this share of it.
LEAST_FALL = 1e-3


def cite(pairs: Candidates, scores: Float32, score: Callable[[Candidates], Float32]) -> np.ndarray:
    """Name for each pair that it was bought, or the first kind of evidence whose loss lowers its score.

    Args:
        pairs: P pairs, sorted by user.
        scores: float32[P], their scores.
        score: scores pairs of the same users.

    Returns:
        Names of evidence, or POPULAR, str[P].
    """
    reasons = np.full(pairs.num_pairs, POPULAR, dtype=object)
    reasons[pairs.history_rows >= 0] = BOUGHT
    for kind in (each for each in EVIDENCE if each.name != BOUGHT):
        rows = np.flatnonzero((pairs.column(kind.shown_by) > kind.above) & (reasons == POPULAR))
        if len(rows):
            without = score(pairs.take(rows).without(kind.name))
            reasons[rows[without < scores[rows] * (1 - LEAST_FALL)]] = kind.name
    return reasons
