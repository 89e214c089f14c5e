import numpy as np
import pytest

from training.evaluate import Judgement
from training.promotion import decide

NOISE = np.random.default_rng(0).normal(0, 0.02, 500)


def judgement(ndcg: float) -> Judgement:
    per_user = np.clip(ndcg + NOISE, 0, 1)
    return Judgement(per_user, per_user, per_user, per_user, 10, {})


@pytest.mark.parametrize(
    ("challenger", "champion", "popularity", "own", "decision", "words"),
    [
        pytest.param(0.30, None, 0.10, 0.20, "promote", "no champion", id="first version above popularity"),
        pytest.param(0.15, None, 0.10, 0.20, "promote", "no champion", id="first version below own purchases"),
        pytest.param(0.10, None, 0.10, 0.20, "refuse", "global popularity", id="equal to popularity"),
        pytest.param(0.05, 0.01, 0.10, 0.20, "refuse", "global popularity", id="better than a poor champion"),
        pytest.param(0.35, 0.30, 0.10, 0.20, "promote", "above the champion", id="better than the champion"),
        pytest.param(0.30, 0.30, 0.10, 0.20, "keep", "not above the champion", id="identical to the champion"),
        pytest.param(0.25, 0.30, 0.10, 0.20, "keep", "not above the champion", id="worse than the champion"),
        pytest.param(0.15, 0.12, 0.10, 0.20, "keep", "own purchases", id="better, yet below own purchases"),
    ],
)
def test_decision_table(
    challenger: float, champion: float | None, popularity: float, own: float, decision: str, words: str
):
    old = None if champion is None else judgement(champion)
    baselines = {"global_popularity": judgement(popularity), "own_purchases": judgement(own)}

    verdict = decide(judgement(challenger), old, baselines)

    assert verdict.decision == decision
    assert words in verdict.reason
