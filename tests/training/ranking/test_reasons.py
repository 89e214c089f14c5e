"""What was bought says so; what another reason cites made a difference: without it the score is lower."""

import numpy as np
import polars as pl
import pytest

from features.definitions import BOUGHT, EVIDENCE, list_features
from features.ranking.candidates import Candidates
from features.snapshot.arrays import Float32
from features.snapshot.tables import Snapshot
from training.data.inputs import EncodedSnapshot, join_inputs
from training.ranking.ranker import Ranker
from training.ranking.reasons import LEAST_FALL, POPULAR, cite, score_and_cite

K = 40


@pytest.fixture(scope="module")
def lists(ranker: Ranker, snapshot: Snapshot) -> pl.DataFrame:
    return ranker.rank(snapshot, snapshot.user_ids(), K)


def test_what_was_bought_says_so_and_nothing_else_does(lists: pl.DataFrame, snapshot: Snapshot) -> None:
    bought = lists.join(snapshot.history, on=["user_id", "product_id"], how="semi")

    assert bought.height > 0
    assert bought.equals(lists.filter(pl.col("reason") == BOUGHT))


@pytest.mark.parametrize("reason", [kind.name for kind in EVIDENCE if kind.name != BOUGHT])
def test_without_the_cited_evidence_the_score_falls(
    ranker: Ranker, snapshot: Snapshot, lists: pl.DataFrame, reason: str
) -> None:
    arrays = snapshot.arrays
    rows = np.arange(len(arrays.user_ids))
    candidates, _, _ = ranker.score_candidates(arrays, rows)
    pairs = candidates.without(reason)
    encoded = EncodedSnapshot(ranker.encoder, arrays)
    inputs = join_inputs(encoded.encode_users(rows), encoded.encode_pairs(pairs), pairs.user_rows)
    without = ranker.run(inputs).product_scores
    scored = pl.DataFrame(
        {
            "user_id": arrays.user_ids[pairs.user_rows],
            "product_id": arrays.product_ids[pairs.product_rows],
            "without": without,
        }
    )

    cited = lists.filter(pl.col("reason") == reason).join(scored, on=["user_id", "product_id"])

    assert cited.height == lists.filter(pl.col("reason") == reason).height
    assert cited.filter(pl.col("without") >= pl.col("score")).is_empty()


def test_all_that_is_known_of_a_user_and_a_product_is_evidence_of_some_kind() -> None:
    without = {feature.name for feature in list_features("pair") if not feature.evidence}

    assert without == {"pair_brand_decayed", "pair_price_gap"}  # no reason speaks of brand or price alone


def test_evidence_that_makes_no_difference_is_not_cited(ranker: Ranker, snapshot: Snapshot) -> None:
    candidates, scores, _ = ranker.score_candidates(snapshot.arrays, np.arange(5))

    reasons = cite(candidates, scores, lambda pairs: np.full(pairs.num_pairs, 2.0, dtype=np.float32))

    assert set(reasons[candidates.history_rows < 0]) == {POPULAR}


def test_each_reason_is_the_strongest_evidence_that_made_a_difference(ranker: Ranker, snapshot: Snapshot) -> None:
    candidates, scores, _ = ranker.score_candidates(snapshot.arrays, np.arange(20))

    reasons = cite(candidates, scores, lambda pairs: ranker.score_pairs(snapshot.arrays, pairs))

    expected = np.full(len(scores), POPULAR, dtype=object)
    for kind in reversed(EVIDENCE):  # one at a time, so that the strongest is written last
        rows = np.flatnonzero(candidates.column(kind.shown_by) > kind.above)
        without = ranker.score_pairs(snapshot.arrays, candidates.take(rows).without(kind.name))
        falls = (kind.name == BOUGHT) | (without < scores[rows] * (1 - LEAST_FALL))
        expected[rows[falls]] = kind.name
    assert len(set(expected)) > 2
    assert reasons.tolist() == expected.tolist()


def test_one_run_gives_the_scores_and_the_reasons_of_several(ranker: Ranker, snapshot: Snapshot) -> None:
    runs: list[int] = []
    seen = set()
    for user in range(12):
        candidates, expected, _ = ranker.score_candidates(snapshot.arrays, np.array([user]))
        is_cited = np.arange(candidates.num_pairs) % 3 > 0

        def score(pairs: Candidates) -> Float32:
            runs.append(pairs.num_pairs)
            return ranker.score_pairs(snapshot.arrays, pairs)

        scores, reasons = score_and_cite(candidates, is_cited, score)

        cited = cite(candidates, expected, lambda pairs: ranker.score_pairs(snapshot.arrays, pairs))
        assert len(runs) == user + 1
        assert scores.tolist() == expected.tolist()
        assert reasons[is_cited].tolist() == cited[is_cited].tolist()
        assert set(reasons[~is_cited]) <= {BOUGHT, POPULAR}
        seen |= set(reasons)
    assert len(seen) > 2
