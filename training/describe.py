"""What a reviewer reads: a version's description. Its plots stand in training/plots.py."""

from training.evaluate import Judgement, tabulate
from training.fit import Fitted
from training.promotion import Verdict
from training.report import format_table


def describe_version(
    fitted: Fitted, judgements: dict[str, Judgement], verdict: Verdict, champion_version: int | None
) -> str:
    """Write the version's page: verdict first, then everybody on the same users of the same window (Markdown)."""
    window = fitted.judging
    against = f"version {champion_version}" if champion_version else "none yet"
    lines = [
        f"**Verdict: {verdict.decision}.** {verdict.reason}",
        "",
        f"Judged on {len(fitted.judge_users):,} users over [{window.start:%Y-%m-%d}, {window.end:%Y-%m-%d}), "
        f"which training did not see. Champion at that time: {against}.",
        "",
        *format_table(tabulate(judgements)),
    ]
    return "\n".join(lines)
