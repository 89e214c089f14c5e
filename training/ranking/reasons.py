"""Reasons: that the user bought the product; of what is new to the user, by ablation, what the network went by.

What was bought always says so: pages are composed by it, and it holds whatever else the network saw. Of other products
evidence is taken away and the pair scored again, so that a reason is never a guess about the network: it cites the
strongest evidence that made a difference. Where nothing of what the user did made one, the product is there for being
popular. What stands on which evidence is declared in features/definitions.py.
"""

from collections.abc import Callable

import numpy as np

from features.definitions import BOUGHT, EVIDENCE, EvidenceKind
from features.ranking.candidates import Candidates, join
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
    strongest, *others = [kind for kind in EVIDENCE if kind.name != BOUGHT]
    for kinds in ([strongest], others):
        _cite_round(reasons, kinds, pairs, scores, score)
    return reasons


def _cite_round(
    reasons: np.ndarray,
    kinds: list[EvidenceKind],
    pairs: Candidates,
    scores: Float32,
    score: Callable[[Candidates], Float32],
) -> None:
    """Name the first of some kinds, the strongest first, whose loss lowers the score, where there is no reason yet.

    All of them are asked about at once: most pairs have a reason by the strongest kind, and of few pairs a run of the
    network costs more than its pairs do.
    """
    is_open = reasons == POPULAR
    if not is_open.any():
        return
    shown = [(kind, np.flatnonzero((pairs.column(kind.shown_by) > kind.above) & is_open)) for kind in kinds]
    asked = [(kind, rows) for kind, rows in shown if len(rows)]
    if not asked:
        return
    parts = [pairs.take(rows).without(kind.name) for kind, rows in asked]
    if len(parts) == 1:
        without = score(parts[0])
    else:
        stripped = join(parts)
        by_user = np.argsort(stripped.user_rows, kind="stable")
        without = np.empty(len(by_user), dtype=np.float32)
        without[by_user] = score(stripped.take(by_user))
    bounds = np.cumsum([len(rows) for _, rows in asked])[:-1]
    for (kind, rows), left in reversed(list(zip(asked, np.split(without, bounds), strict=True))):
        reasons[rows[left < scores[rows] * (1 - LEAST_FALL)]] = kind.name
