"""Reasons: that the user bought the product; of what is new to the user, by ablation, what the network went by.

What was bought always says so: pages are composed by it, and it holds whatever else the network saw. Of other products
evidence is taken away and the pair scored again, so that a reason is never a guess about the network: it cites the
strongest evidence that made a difference. Where nothing of what the user did made one, the product is there for being
popular. What stands on which evidence is declared in features/definitions.py.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from features.definitions import BOUGHT, EVIDENCE, EvidenceKind
from features.ranking.candidates import Candidates, join
from features.snapshot.arrays import Float32, Int64

POPULAR = "popular"
# A fall of the score must be more than rounding: of at least this share of it.
LEAST_FALL = 1e-3

_KINDS = [kind for kind in EVIDENCE if kind.name != BOUGHT]


def cite(pairs: Candidates, scores: Float32, score: Callable[[Candidates], Float32]) -> np.ndarray:
    """Name for each pair that it was bought, or the first kind of evidence whose loss lowers its score.

    The strongest kind is asked about first, since most pairs have it for a reason, and then all others at once: of few
    pairs a run of the network costs more than its pairs do.

    Args:
        pairs: P pairs, sorted by user.
        scores: float32[P], their scores.
        score: scores pairs of the same users.

    Returns:
        Names of evidence, or POPULAR, str[P].
    """
    reasons = _name_bought(pairs)
    for kinds in (_KINDS[:1], _KINDS[1:]):
        questions = _ask(kinds, pairs, reasons == POPULAR)
        if len(questions) == 1:
            _answer(reasons, scores, questions, score(questions[0].stripped))
        elif questions:
            stripped = join([each.stripped for each in questions])
            by_user = np.argsort(stripped.user_rows, kind="stable")
            without = np.empty(len(by_user), dtype=np.float32)
            without[by_user] = score(stripped.take(by_user))
            _answer(reasons, scores, questions, without)
    return reasons


def score_and_cite(
    pairs: Candidates, is_cited: np.ndarray, score: Callable[[Candidates], Float32]
) -> tuple[Float32, np.ndarray]:
    """Score pairs of one user and name reasons, as `cite` does, by one run of the network.

    Args:
        pairs: P pairs, of one user and so few that a run costs more than they do.
        is_cited: bool[P], for which of them a reason is asked; the others' is BOUGHT or POPULAR.
        score: scores pairs of the user.

    Returns:
        Scores, float32[P], and reasons, str[P].
    """
    reasons = _name_bought(pairs)
    questions = _ask(_KINDS, pairs, is_cited & (reasons == POPULAR))
    if not questions:
        return score(pairs), reasons
    scores, without = np.split(score(join([pairs, *(each.stripped for each in questions)])), [pairs.num_pairs])
    _answer(reasons, scores, questions, without)
    return scores, reasons


class _Question(NamedTuple):
    """Whether a kind of evidence made a difference to some pairs, and these without it."""

    kind: EvidenceKind
    rows: Int64
    stripped: Candidates


def _name_bought(pairs: Candidates) -> np.ndarray:
    reasons = np.full(pairs.num_pairs, POPULAR, dtype=object)
    reasons[pairs.history_rows >= 0] = BOUGHT
    return reasons


def _ask(kinds: list[EvidenceKind], pairs: Candidates, is_asked: np.ndarray) -> list[_Question]:
    """Ask about kinds of evidence, each of the pairs that show it, if there are any."""
    if not is_asked.any():
        return []
    shown = [(kind, np.flatnonzero((pairs.column(kind.shown_by) > kind.above) & is_asked)) for kind in kinds]
    return [_Question(kind, rows, pairs.take(rows).without(kind.name)) for kind, rows in shown if len(rows)]


def _answer(reasons: np.ndarray, scores: Float32, questions: list[_Question], without: Float32) -> None:
    """Name the strongest kind, which comes first, whose loss lowers the score; `without` as the questions lie."""
    bounds = np.cumsum([len(each.rows) for each in questions])[:-1]
    for (kind, rows, _), left in reversed(list(zip(questions, np.split(without, bounds), strict=True))):
        reasons[rows[left < scores[rows] * (1 - LEAST_FALL)]] = kind.name
