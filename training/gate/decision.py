"""Promotion rule, a pure function of the evidence. training/registry/alias.py moves the alias."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from training.evaluation.checks import Check
from training.evaluation.lists import Evaluation, K, compare
from training.evaluation.slices import SliceGain

Decision = Literal["promote", "keep", "refuse"]
METRIC = f"ndcg_at_{K}"
FLOOR, HABIT = "global_popularity", "own_purchases"


@dataclass(frozen=True)
class GateEvidence:
    """What the gate looks at, all of it on the same users of the same window.

    Attributes:
        challenger: just trained.
        champion: evaluated anew; None if there is none or it cannot be evaluated.
        obstacle: why there is a champion that cannot be evaluated; empty otherwise.
        baselines: by the names of training/evaluation/baselines.py.
        floors: gains in finding new products over the baselines.
        ordering: gain in ordering categories over counting purchases.
        gains: over the champion, slice by slice; empty without a champion to compare with.
        checks: of health and behaviour.
    """

    challenger: Evaluation
    champion: Evaluation | None
    obstacle: str
    baselines: Mapping[str, Evaluation]
    floors: Sequence[SliceGain]
    ordering: SliceGain
    gains: Sequence[SliceGain]
    checks: Sequence[Check]


@dataclass(frozen=True)
class Verdict:
    """The gate's answer, its reason in words, and what a reviewer should look at."""

    decision: Decision
    reason: str
    flags: tuple[str, ...] = ()


def decide(evidence: GateEvidence) -> Verdict:
    """Decide whether a challenger may serve.

    "Above" and "below" mean that the whole 95% interval of the paired difference in NDCG@20 lies there. The first row
    that fits decides:

    | challenger | verdict |
    |---|---|
    | breaks a check of health | refuse |
    | not above global popularity | refuse |
    | worse than the baselines at finding new products | refuse |
    | no champion serves | promote |
    | the champion cannot be evaluated on these features | keep |
    | below another baseline | keep |
    | not above the champion | keep |
    | above the champion, and flagged | keep |
    | above the champion | promote |

    The third row is what catches labels that say nothing: a ranking of the candidates by chance still puts own products
    first, and is far above popularity. A version is flagged by a slice of users or products for which it is worse than
    the champion (99% interval), by ordering categories worse than counting does, by odd behaviour and poor calibration.
    """
    flags = tuple(_flag(evidence))
    decision, reason = _decide(evidence, flags)
    return Verdict(decision, reason, flags)


def _decide(evidence: GateEvidence, flags: Sequence[str]) -> tuple[Decision, str]:
    broken = [check for check in evidence.checks if check.consequence == "refuse" and not check.has_passed]
    if broken:
        return "refuse", f"It is not fit to serve: {'; '.join(map(str, broken))}."
    against_floor = compare(evidence.challenger, evidence.baselines[FLOOR])
    if not against_floor["low"] > 0:
        return "refuse", f"{METRIC} is not above global popularity: {_in_words(against_floor)}."
    below_floor = [_describe_gain(gain) for gain in evidence.floors if gain.is_worse]
    if below_floor:
        return "refuse", f"Baselines do better: {'; '.join(below_floor)}."
    if evidence.obstacle:
        return "keep", f"A reviewer decides: {evidence.obstacle}."
    if evidence.champion is None:
        against_own = compare(evidence.challenger, evidence.baselines[HABIT])
        standing = f"against the user's own purchases, {_in_words(against_own)}"
        return "promote", f"It beats global popularity and has no champion to compare with; {standing}."
    for name, evaluation in evidence.baselines.items():
        against = compare(evidence.challenger, evaluation)
        if against["high"] < 0:
            return "keep", f"{METRIC} is below {name.replace('_', ' ')}: {_in_words(against)}."
    against = compare(evidence.challenger, evidence.champion)
    if not against["low"] > 0:
        return "keep", f"{METRIC} is not above the champion's: {_in_words(against)}."
    if flags:
        return "keep", f"{METRIC} is above the champion's ({_in_words(against)}), yet a reviewer decides: {flags[0]}."
    return "promote", f"{METRIC} is above the champion's: {_in_words(against)}."


def _flag(evidence: GateEvidence) -> list[str]:
    worse = [f"worse than the champion for {_describe_gain(gain)}" for gain in evidence.gains if gain.is_worse]
    if evidence.ordering.is_worse:
        worse.append(f"worse than the baselines at {_describe_gain(evidence.ordering)}")
    odd = [str(check) for check in evidence.checks if check.consequence == "flag" and not check.has_passed]
    return worse + odd


def _describe_gain(gain: SliceGain) -> str:
    interval = f"{gain.difference:+.4f}, 99% interval {gain.low:+.4f} to {gain.high:+.4f}"
    return f"{gain.name} ({interval}, {gain.num_users} users)"


def _in_words(against: dict[str, float]) -> str:
    return f"difference {against['difference']:+.4f}, 95% interval {against['low']:+.4f} to {against['high']:+.4f}"
