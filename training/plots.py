"""What a reviewer looks at: the plots of a training run."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.evaluate import Judgement, Reliability
from training.fit import Fitted
from training.metrics import bootstrap_interval

# Users in three slices of equal size by the orders before the window.
SLICES = ("light", "medium", "heavy")


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


def draw_reliability(bins: Reliability) -> Any:
    """Plot the share bought against the probability said, over users and categories; the diagonal is honest."""
    counts, predicted, bought = bins[bins[:, 0] > 0].T
    figure = Figure(figsize=(5, 5))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.plot(predicted, bought, color="tab:blue", marker="o")
    axes.bar(predicted, counts / counts.max() * 0.2, width=0.04, color="tab:blue", alpha=0.2)
    axes.set(xlabel="probability of buying from the category", ylabel="share that did", xlim=(0, 1), ylim=(0, 1))
    return figure


def draw_lift(fitted: Fitted, ours: Judgement, others: dict[str, Judgement]) -> Any:
    """Plot NDCG@20 gained over others, by how much users ordered before, with 95% intervals."""
    orders = np.nan_to_num(fitted.judging.arrays.user_column("user_orders")[fitted.judge_users])
    slices = np.array_split(np.argsort(orders, kind="stable"), len(SLICES))
    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    axes.axhline(0, color="grey", linewidth=0.8)
    for number, (name, theirs) in enumerate(others.items()):
        gains = [(ours.ndcg - theirs.ndcg)[users] for users in slices]
        means = np.array([gain.mean() if len(gain) else 0.0 for gain in gains])
        bounds = np.array([bootstrap_interval(gain) for gain in gains])
        places = np.arange(len(SLICES)) + 0.15 * number
        errors = np.abs(np.nan_to_num(bounds.T) - means)
        axes.errorbar(places, means, errors, fmt="o", capsize=4, label=f"over {name.replace('_', ' ')}")
    axes.set(ylabel="NDCG@20 gained", xticks=range(len(SLICES)), xticklabels=[f"{name} users" for name in SLICES])
    axes.legend()
    return figure
