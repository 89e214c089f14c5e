"""Audit rules of a batch, the middle of write-audit-publish: one table of names, measures and bounds.

Deciding is pure: it takes measured values and gives findings. What is measured while writing lives in
`serving/batch/statistics.py`, what is asked of the database in `serving/batch/measures.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class AuditRule:
    """One bound on one measure.

    Attributes:
        name: the rule's name, and the measure's.
        bound: the last value that passes.
        sense: whether the measure must be at least or at most the bound.
        from_users: batches of fewer users are too small for the measure to mean anything, and pass.
        meaning: what it says when it is broken.
    """

    name: str
    sense: Literal[">=", "<="]
    bound: float
    meaning: str
    from_users: int = 0


RULES = (
    AuditRule("coverage", ">=", 0.995, "users of the snapshot that have a list"),
    AuditRule("stored_users", ">=", 1.0, "written lists that the database holds"),
    AuditRule("non_finite_scores", "<=", 0, "entries whose score is NaN or infinite"),
    AuditRule("lists_with_repeats", "<=", 0, "lists that hold a product twice"),
    AuditRule("unknown_products", "<=", 0.01, "share of the shown products that the shop does not know"),
    AuditRule("short_lists", "<=", 0.01, "share of lists that are shorter than the first page"),
    AuditRule("flat_lists", "<=", 0.05, "share of lists whose scores are all equal", from_users=100),
    AuditRule("top_product_share", "<=", 0.9, "share of lists that begin with the same product", from_users=100),
    AuditRule(
        "distinct_products", ">=", 0.2, "distinct products shown, as a share of the catalogue or of 100", from_users=100
    ),
    AuditRule("overlap", ">=", 0.02, "share of the first page kept from the last batch", from_users=100),
)


@dataclass(frozen=True)
class Finding:
    """What one rule says of one batch. `value` is `None` where the measure does not apply."""

    rule: AuditRule
    value: float | None
    has_passed: bool

    def __str__(self) -> str:
        """Name rule, value and bound in a line."""
        value = "does not apply" if self.value is None else f"{self.value:.4g}"
        return f"{self.rule.name}: {value}, wanted {self.rule.sense} {self.rule.bound:g} ({self.rule.meaning})"


def audit(measures: Mapping[str, float | None], num_users: int) -> list[Finding]:
    """Hold a batch against every rule.

    Args:
        measures: a value for each rule's name; `None` where it does not apply (no earlier batch to overlap with).
        num_users: users in the batch.

    Raises:
        KeyError: a rule has no measure: our own mistake, and never a reason to publish.
    """
    findings = []
    for rule in RULES:
        value = measures[rule.name]
        has_passed = value is None or num_users < rule.from_users or _holds(rule, value)
        findings.append(Finding(rule, value, has_passed))
    return findings


def summarise(findings: list[Finding]) -> dict[str, Any]:
    """Return plain JSON for the batch's row: value, bound and outcome by rule."""
    return {
        finding.rule.name: {
            "value": finding.value,
            "wanted": f"{finding.rule.sense} {finding.rule.bound:g}",
            "passed": finding.has_passed,
        }
        for finding in findings
    }


def _holds(rule: AuditRule, value: float) -> bool:
    """Compare; a NaN measure never passes."""
    return value >= rule.bound if rule.sense == ">=" else value <= rule.bound
