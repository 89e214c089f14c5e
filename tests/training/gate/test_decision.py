"""The gate's decision table: one row a situation, on evaluations made by hand."""

import numpy as np
import pytest

from training.evaluation.checks import Check
from training.evaluation.lists import Evaluation
from training.evaluation.slices import SliceGain, compare_slices, compare_users
from training.gate.decision import GateEvidence, Verdict, decide

NUM_USERS = 500
NOISE = np.random.default_rng(0).normal(0, 0.02, NUM_USERS)
OTHER_NOISE = np.random.default_rng(1).normal(0, 0.05, NUM_USERS)
OTHER_NOISE -= OTHER_NOISE.mean()
NEW_USERS = np.arange(NUM_USERS) < 100
SANE = Check("coverage", 1.0, ">=", 0.995, "refuse", "share of users with a list")
EMPTY_LISTS = Check("coverage", 0.4, ">=", 0.995, "refuse", "share of users with a list")
NOT_A_NUMBER = Check("finite_scores", float("nan"), ">=", 1.0, "refuse", "share of scores that are numbers")
CALIBRATED = Check("calibration_error", 0.1, "<=", 0.1, "flag", "mean gap of probability and share bought")
SHOUTING = Check("calibration_error", 0.3, "<=", 0.1, "flag", "mean gap of probability and share bought")


def of_users(per_user: np.ndarray) -> Evaluation:
    return Evaluation(per_user, per_user, per_user, per_user, per_user, per_user, 10, 10, {})


def evaluation(ndcg: float, for_new_users: float | None = None) -> Evaluation:
    level = np.where(NEW_USERS, ndcg if for_new_users is None else for_new_users, ndcg)
    per_user = np.clip(level + NOISE, 0, 1)
    return of_users(per_user)


def uncertain(ndcg: float) -> Evaluation:
    """Return an evaluation whose differences from the others have an interval of about 0.005 on either side."""
    per_user = evaluation(ndcg).ndcg + OTHER_NOISE
    return of_users(per_user)


def evaluate(
    challenger: Evaluation,
    champion: float | None,
    *,
    popularity: float = 0.10,
    in_categories: float = 0.12,
    own: float = 0.20,
    checks: tuple[Check, ...] = (SANE,),
    obstacle: str = "",
    new_products: float | None = None,
    ordering_of_categories: float = 0.5,
) -> Verdict:
    old = None if champion is None else evaluation(champion)
    baselines = {"global_popularity": popularity, "category_popularity": in_categories, "own_purchases": own}
    gains: list[SliceGain] = compare_slices({"new users": NEW_USERS}, challenger, old) if old else []
    evaluated = {name: evaluation(ndcg) for name, ndcg in baselines.items()}
    found = evaluation(0.10 if new_products is None else new_products)
    floors = [compare_users("products never bought before", found.ndcg, evaluation(0.10).ndcg)]
    ordering = compare_users("the order of categories", evaluation(ordering_of_categories).ndcg, evaluation(0.5).ndcg)
    return decide(GateEvidence(challenger, old, obstacle, evaluated, floors, ordering, gains, checks))


@pytest.mark.parametrize(
    ("challenger", "champion", "decision", "words"),
    [
        pytest.param(0.30, None, "promote", "no champion", id="first version above popularity"),
        pytest.param(
            0.15, None, "promote", "against the user's own purchases, difference -0.05", id="first, below own purchases"
        ),
        pytest.param(0.10, None, "refuse", "not above global popularity", id="first version equal to popularity"),
        pytest.param(0.10, 0.01, "refuse", "not above global popularity", id="equal to popularity, champion poor"),
        pytest.param(0.05, 0.01, "refuse", "not above global popularity", id="below popularity, champion poorer"),
        pytest.param(0.35, 0.30, "promote", "above the champion", id="better than the champion"),
        pytest.param(0.30, 0.30, "keep", "not above the champion", id="identical to the champion"),
        pytest.param(0.25, 0.30, "keep", "not above the champion", id="worse than the champion"),
        pytest.param(0.15, 0.12, "keep", "below own purchases", id="better, yet below own purchases"),
        pytest.param(0.20, 0.15, "promote", "above the champion", id="better, and equal to own purchases"),
    ],
)
def test_decision_by_quality(challenger: float, champion: float | None, decision: str, words: str) -> None:
    verdict = evaluate(evaluation(challenger), champion)

    assert verdict.decision == decision
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("challenger", "decision"),
    [
        pytest.param(0.102, "refuse", id="above on average: the interval reaches below"),
        pytest.param(0.110, "promote", id="the whole interval above"),
    ],
)
def test_above_popularity_is_the_whole_interval(challenger: float, decision: str) -> None:
    assert evaluate(uncertain(challenger), None).decision == decision


@pytest.mark.parametrize(
    ("challenger", "words"),
    [
        pytest.param(0.198, "is above the champion's", id="below on average: the interval reaches above"),
        pytest.param(0.190, "is below own purchases", id="the whole interval below"),
    ],
)
def test_below_a_baseline_is_the_whole_interval(challenger: float, words: str) -> None:
    assert words in evaluate(uncertain(challenger), 0.15).reason


@pytest.mark.parametrize(
    ("challenger", "decision"),
    [
        pytest.param(0.302, "keep", id="above on average: the interval reaches below"),
        pytest.param(0.310, "promote", id="the whole interval above"),
    ],
)
def test_above_the_champion_is_the_whole_interval(challenger: float, decision: str) -> None:
    assert evaluate(uncertain(challenger), 0.30).decision == decision


@pytest.mark.parametrize(("ours", "is_worse"), [(0.298, False), (0.290, True)], ids=["on average", "wholly"])
def test_worse_in_a_slice_is_the_whole_interval(ours: float, is_worse: bool) -> None:
    assert compare_users("everybody", uncertain(ours).ndcg, evaluation(0.30).ndcg).is_worse is is_worse


@pytest.mark.parametrize(("num_users", "is_worse"), [(19, False), (20, True)])
def test_a_slice_speaks_from_twenty_users_on(num_users: int, is_worse: bool) -> None:
    assert (
        compare_users("some", evaluation(0.2).ndcg[:num_users], evaluation(0.3).ndcg[:num_users]).is_worse is is_worse
    )


def test_better_overall_but_worse_for_new_users_is_flagged_and_not_promoted() -> None:
    verdict = evaluate(evaluation(0.40, for_new_users=0.25), 0.30)

    assert verdict.decision == "keep"
    assert verdict.flags[0].startswith("worse than the champion for new users (-0.05")
    assert verdict.flags[0] in verdict.reason


def test_worse_for_a_handful_of_users_is_no_flag() -> None:
    few = np.arange(NUM_USERS) < 5
    ours, champion = evaluation(0.40, for_new_users=0.25), evaluation(0.30)

    [gain, _discovery] = compare_slices({"new users": few}, ours, champion)

    assert gain.difference < 0
    assert not gain.is_worse


@pytest.mark.parametrize("champion", [None, 0.30], ids=["first", "better than the champion"])
@pytest.mark.parametrize("broken", [EMPTY_LISTS, NOT_A_NUMBER], ids=lambda check: check.name)
def test_an_unhealthy_version_is_refused_however_good(broken: Check, champion: float | None) -> None:
    verdict = evaluate(evaluation(0.40), champion, checks=(SANE, broken))

    assert verdict.decision == "refuse"
    assert broken.name in verdict.reason


def test_odd_behaviour_is_flagged_and_not_promoted() -> None:
    verdict = evaluate(evaluation(0.40), 0.30, checks=(SANE, SHOUTING))

    assert verdict.decision == "keep"
    assert "calibration_error is 0.3, wanted <= 0.1" in verdict.flags[0]


def test_behaviour_within_its_bound_is_no_flag() -> None:
    verdict = evaluate(evaluation(0.40), 0.30, checks=(SANE, CALIBRATED))

    assert verdict.decision == "promote"
    assert verdict.flags == ()


def test_a_first_version_is_promoted_with_its_flags() -> None:
    verdict = evaluate(evaluation(0.40), None, checks=(SHOUTING,))

    assert verdict.decision == "promote"
    assert len(verdict.flags) == 1


def test_a_champion_that_cannot_be_evaluated_is_not_replaced_by_itself() -> None:
    verdict = evaluate(evaluation(0.40), None, obstacle="version 3 reads other features")

    assert verdict.decision == "keep"
    assert "version 3 reads other features" in verdict.reason


@pytest.mark.parametrize("champion", [None, 0.30], ids=["first", "better than the champion"])
def test_worse_than_what_is_free_at_finding_new_products_is_refused(champion: float | None) -> None:
    verdict = evaluate(evaluation(0.40), champion, new_products=0.05)

    assert verdict.decision == "refuse"
    assert "Baselines do better: products never bought before (-0.04" in verdict.reason


def test_ordering_categories_worse_than_counting_does_is_flagged() -> None:
    verdict = evaluate(evaluation(0.40), 0.30, ordering_of_categories=0.4)

    assert verdict.decision == "keep"
    assert "worse than the baselines at the order of categories" in verdict.reason


def test_below_a_baseline_is_kept_and_names_it() -> None:
    verdict = evaluate(evaluation(0.25), 0.15, in_categories=0.30)

    assert verdict.decision == "keep"
    assert "category popularity" in verdict.reason
