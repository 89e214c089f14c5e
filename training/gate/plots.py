"""Plots of a training run, for reviewers."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from features.ranking.encoding import Encoder
from training.evaluation.checks import Sample
from training.evaluation.lists import CategoryShares, Reliability
from training.fit import Fitted
from training.gate.trial import Trial
from training.model.trainer import STOPPING_METRICS
from training.version.files import ENCODER

DOTS_PER_INCH = 80
"""Keeps plots within the column of MLflow's page for a version."""

CHANCE = 0.005
"""Of an NDCG of some hundred users; a learning curve that moves by less is drawn nearly flat."""

STOPPING_NAMES = dict(zip(STOPPING_METRICS, ("NDCG@20, all products", "NDCG@20, new products"), strict=True))


def draw_trial(trial: Trial, fitted: Fitted) -> dict[str, Any]:
    """Draw everything that a reviewer compares, by file name."""
    figures = {
        "lift_by_slice": draw_lift(trial),
        "score_spread": draw_score_spread(trial.sample),
    }
    evaluated = trial.evidence.challenger
    if evaluated.reliability is not None and evaluated.category_shares is not None:
        category_ids = Encoder.load(fitted.folder / ENCODER).category_ids
        figures["reliability"] = draw_reliability(evaluated.reliability)
        figures["calibration"] = draw_calibration(evaluated.category_shares, category_ids)
    return figures


def draw_learning_curve(epochs: list[dict[str, float]]) -> Any:
    """Plot the loss, and the NDCG@20 of the stopping users of all products and of new ones, by epoch."""
    figure = _open_figure(9, 3)
    curves = {"loss": "training loss", **STOPPING_NAMES}
    numbers = range(1, len(epochs) + 1)
    for axes, (metric, name) in zip(figure.subplots(ncols=len(curves)), curves.items(), strict=True):
        values = [epoch[metric] for epoch in epochs]
        axes.plot(numbers, values, marker="o")
        middle, reach = (max(values) + min(values)) / 2, max(max(values) - min(values), CHANCE)
        axes.set(xlabel="epoch", title=name, xticks=list(numbers), ylim=(middle - reach, middle + reach))
    return figure


def draw_lift(trial: Trial) -> Any:
    """Plot NDCG@20 gained over each other, slice by slice, with 99% intervals; right of the line is better."""
    names = [gain.name for gain in next(iter(trial.gains.values())) if gain.num_users]
    figure = _open_figure(7, 1.5 + 0.32 * len(names))
    axes = figure.subplots()
    axes.axvline(0, color="grey", linewidth=0.8)
    height = 0.7 / len(trial.gains)
    for number, (rival, gains) in enumerate(trial.gains.items()):
        shown = [gain for gain in gains if gain.num_users]
        middles = np.array([gain.difference for gain in shown])
        errors = np.abs(np.array([[gain.low for gain in shown], [gain.high for gain in shown]]) - middles)
        places = np.arange(len(shown)) + number * height
        axes.errorbar(middles, places, xerr=errors, fmt="o", ms=4, capsize=2, label=f"over {rival.replace('_', ' ')}")
    axes.set(xlabel="NDCG@20 gained", yticks=np.arange(len(names)) + 0.35 - height / 2, yticklabels=names)
    axes.invert_yaxis()
    axes.legend(fontsize="small")
    return figure


def draw_reliability(bins: Reliability) -> Any:
    """Plot the share bought against the probability said, over users and categories; the diagonal is honest."""
    counts, predicted, bought = bins[bins[:, 0] > 0].T
    figure = _open_figure(5, 5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.plot(predicted, bought, color="tab:blue", marker="o")
    axes.bar(predicted, counts / counts.max() * 0.2, width=0.04, color="tab:blue", alpha=0.2)
    axes.set(xlabel="probability of buying from the category", ylabel="share that did", xlim=(0, 1), ylim=(0, 1))
    return figure


def draw_calibration(shares: CategoryShares, category_ids: list[int]) -> Any:
    """Plot for each category how often the model expects a purchase from it beside how often there was one."""
    figure = _open_figure(7, 4)
    axes = figure.subplots()
    places = np.arange(len(category_ids))
    axes.bar(places - 0.2, shares[:, 0], 0.4, label="mean probability")
    axes.bar(places + 0.2, shares[:, 1], 0.4, label="share of users that bought")
    axes.set(xlabel="category", xticks=places, xticklabels=category_ids, ylabel="within the horizon")
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def draw_score_spread(sample: Sample) -> Any:
    """Plot how product scores spread over all candidates and over the first ranks: a flat heap tells nobody apart."""
    figure = _open_figure(7, 4)
    axes = figure.subplots()
    scores = sample.all_scores[np.isfinite(sample.all_scores)]
    edges: list[float] = np.linspace(0, max(float(scores.max(initial=0)), 1e-6), 41).tolist()
    axes.hist(scores, edges, density=True, alpha=0.5, label="all candidates")
    axes.hist(sample.scores[np.isfinite(sample.scores)], edges, density=True, alpha=0.5, label="the first 20")
    axes.set(xlabel="score", ylabel="density", yscale="log")
    axes.legend()
    return figure


def _open_figure(width_inches: float, height_inches: float) -> Figure:
    return Figure(figsize=(width_inches, height_inches), dpi=DOTS_PER_INCH, layout="constrained")
