"""Hop 4's decision, pure: does the challenger deserve to serve? What moves the alias lives in training/run.py."""

from dataclasses import dataclass
from typing import Literal

from training.evaluate import Judgement, K, compare

Decision = Literal["promote", "keep", "refuse"]
METRIC = f"ndcg_at_{K}"


@dataclass(frozen=True)
class Verdict:
    """The gate's answer, with its reason in words."""

    decision: Decision
    reason: str


def decide(challenger: Judgement, champion: Judgement | None, baselines: dict[str, Judgement]) -> Verdict:
    """Compare a challenger with the baselines and with the champion on the same users of the same window.

    "Above" means that the 95% interval of the paired difference lies above zero. The first row that fits decides:

    | challenger | verdict |
    |---|---|
    | not above global popularity | refuse |
    | no champion to compare with | promote |
    | below the user's own purchases, decayed | keep |
    | above the champion | promote |
    | anything else | keep |

    Args:
        challenger: just trained.
        champion: judged anew on the same window, None if there is none or it cannot be judged.
        baselines: by the names of training/baselines.py.
    """
    against_popularity = compare(challenger, baselines["global_popularity"])
    against_own = compare(challenger, baselines["own_purchases"])
    if not against_popularity["low"] > 0:
        return Verdict("refuse", f"{METRIC} is not above global popularity: {_in_words(against_popularity)}.")
    if champion is None:
        standing = f"against the user's own purchases, {_in_words(against_own)}"
        return Verdict("promote", f"It beats global popularity and has no champion to compare with; {standing}.")
    if against_own["high"] < 0:
        return Verdict("keep", f"{METRIC} is below the user's own purchases: {_in_words(against_own)}.")
    against = compare(challenger, champion)
    if against["low"] > 0:
        return Verdict("promote", f"{METRIC} is above the champion's: {_in_words(against)}.")
    return Verdict("keep", f"{METRIC} is not above the champion's: {_in_words(against)}.")


def _in_words(against: dict[str, float]) -> str:
    return f"difference {against['difference']:+.4f}, 95% interval {against['low']:+.4f} to {against['high']:+.4f}"
