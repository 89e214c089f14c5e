import numpy as np
import pytest

from training.evaluate import Judgement
from training.promotion import decide

NOISE = np.random.default_rng(0).normal(0, 0.02, 500)


def judgement(ndcg: float) -> Judgement:
    per_user = np.clip(ndcg + NOISE, 0, 1)
    return Judgement(per_user, per_user, per_user, per_user, 10, {})


@pytest.mark.parametrize(
    ("challenger", "champion", "baseline", "decision", "words"),
    [
        pytest.param(0.30, None, 0.20, "promote", "no champion", id="first version beats the baselines"),
        pytest.param(0.10, None, 0.20, "refuse", "own purchases", id="below a baseline"),
        pytest.param(0.20, None, 0.20, "refuse", "own purchases", id="equal to a baseline"),
        pytest.param(0.35, 0.30, 0.20, "promote", "above the champion", id="better than the champion"),
        pytest.param(0.30, 0.30, 0.20, "keep", "not significantly", id="identical to the champion"),
        pytest.param(0.25, 0.30, 0.20, "keep", "not significantly", id="worse than the champion"),
        pytest.param(0.15, 0.10, 0.20, "refuse", "own purchases", id="better than the champion, below a baseline"),
    ],
)
def test_decision_table(challenger: float, champion: float | None, baseline: float, decision: str, words: str):
    old = None if champion is None else judgement(champion)

    verdict = decide(judgement(challenger), old, {"own_purchases": judgement(baseline)})

    assert verdict.decision == decision
    assert words in verdict.reason.replace("_", " ")
