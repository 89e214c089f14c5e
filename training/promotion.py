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
    """Compare a challenger with every baseline and with the champion on the same users of the same window.

    | challenger against | outcome | verdict |
    |---|---|---|
    | a baseline | not significantly better | refuse |
    | no champion | every baseline beaten | promote |
    | the champion | significantly better, 95% paired interval | promote |
    | the champion | anything else | keep |

    Args:
        challenger: just trained.
        champion: judged anew on the same window, None if there is none or it cannot be judged.
        baselines: by name.
    """
    for name, baseline in baselines.items():
        against = compare(challenger, baseline)
        if not against["low"] > 0:
            return Verdict("refuse", f"{METRIC} is not above {name}: {_in_words(against)}.")
    names = " and ".join(name.replace("_", " ") for name in baselines)
    if champion is None:
        return Verdict("promote", f"It beats {names}, and there is no champion to compare with.")
    against = compare(challenger, champion)
    if against["low"] > 0:
        return Verdict("promote", f"{METRIC} is above the champion's: {_in_words(against)}.")
    return Verdict("keep", f"{METRIC} is not significantly above the champion's: {_in_words(against)}.")


def _in_words(against: dict[str, float]) -> str:
    return f"difference {against['difference']:+.4f}, 95% interval {against['low']:+.4f} to {against['high']:+.4f}"
