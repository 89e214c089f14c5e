import math
from collections.abc import Mapping

import pytest

from serving.batch.audit import RULES, AuditRule, Finding, audit, summarise

GOOD = {
    "coverage": 1.0,
    "stored_users": 1.0,
    "non_finite_scores": 0,
    "lists_with_repeats": 0,
    "unknown_products": 0.0,
    "short_lists": 0.0,
    "flat_lists": 0.0,
    "top_product_share": 0.2,
    "distinct_products": 1.0,
    "overlap": 0.6,
}


def broken_rules(measures: Mapping[str, float | None], num_users: int = 1000) -> list[str]:
    return [finding.rule.name for finding in audit(measures, num_users) if not finding.has_passed]


def test_a_good_batch_passes_every_rule() -> None:
    assert broken_rules(GOOD) == []


@pytest.mark.parametrize(
    ("measure", "last_that_passes", "broken"),
    [
        ("coverage", 0.995, 0.9949),
        ("stored_users", 1.0, 0.999),
        ("non_finite_scores", 0, 1),
        ("lists_with_repeats", 0, 1),
        ("unknown_products", 0.01, 0.0101),
        ("short_lists", 0.01, 0.0101),
        ("flat_lists", 0.05, 0.0501),
        ("top_product_share", 0.9, 0.901),
        ("distinct_products", 0.2, 0.199),
        ("overlap", 0.02, 0.0199),
    ],
)
def test_each_rule_refuses_by_itself(measure: str, last_that_passes: float, broken: float) -> None:
    assert broken_rules(GOOD | {measure: last_that_passes}) == []
    assert broken_rules(GOOD | {measure: broken}) == [measure]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_measure_that_is_nan_never_passes(rule: AuditRule) -> None:
    assert broken_rules(GOOD | {rule.name: math.nan}) == [rule.name]


def test_the_first_batch_has_nothing_to_overlap_with() -> None:
    assert broken_rules(GOOD | {"overlap": None}) == []


@pytest.mark.parametrize("measure", ["flat_lists", "top_product_share", "distinct_products", "overlap"])
def test_shares_mean_nothing_below_a_hundred_users(measure: str) -> None:
    worst = GOOD | {measure: 0.0 if measure in ("distinct_products", "overlap") else 1.0}

    assert broken_rules(worst, num_users=99) == []
    assert broken_rules(worst, num_users=100) == [measure]


def test_a_rule_without_a_measure_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        audit({"coverage": 1.0}, 1000)


def test_the_finding_names_rule_value_and_bound() -> None:
    [finding] = [finding for finding in audit(GOOD | {"coverage": 0.5}, 1000) if not finding.has_passed]

    assert str(finding) == "coverage: 0.5, wanted >= 0.995 (users of the snapshot that have a list)"
    assert str(Finding(RULES[0], None, has_passed=True)).startswith("coverage: does not apply, wanted")


def test_the_summary_is_kept_by_rule() -> None:
    summary = summarise(audit(GOOD | {"overlap": 0.0}, 1000))

    assert summary["overlap"] == {"value": 0.0, "wanted": ">= 0.02", "passed": False}
    assert set(summary) == set(GOOD)
