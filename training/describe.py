"""What a reviewer reads: a version's description and the plots of its run."""

from typing import Any

from matplotlib.figure import Figure

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


def draw_learning_curve(epochs: list[dict[str, float]]) -> Any:
    """Plot the loss and the stopping users' NDCG@20 by epoch."""
    figure = Figure(figsize=(7, 4))
    left = figure.subplots()
    numbers = range(1, len(epochs) + 1)
    left.plot(numbers, [epoch["loss"] for epoch in epochs], color="tab:blue", marker="o", label="training loss")
    left.set(xlabel="epoch", ylabel="training loss", xticks=list(numbers))
    right = left.twinx()
    right.plot(numbers, [epoch["ndcg_at_20"] for epoch in epochs], color="tab:orange", marker="o", label="NDCG@20")
    right.set_ylabel("NDCG@20 of the stopping users")
    figure.legend(loc="upper center", ncols=2)
    return figure
