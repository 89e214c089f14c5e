"""Quality table: our model beside baselines and strong baselines. Writes docs/quality.md.

    python -m training.studies.quality --cuts 2017-08-20 2017-10-15 --out docs/quality.md

At each cut everything learns from what lies before it and is evaluated on the horizon after it, on the same users, with
paired differences. The rivals need development dependencies (tests/requirements.in).
"""

import argparse
import logging
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from command import Command, Result, log_to_stderr, parse_instant
from features.snapshot.purchases import load_purchases
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.config import TrainingConfig, load_config
from training.data.user_sample import ACTIVE_DAYS
from training.data.windows import Window, open_window
from training.evaluation.baselines import ALL_BASELINES, count_categories
from training.evaluation.candidate_recall import SOURCES, measure_candidate_recall
from training.evaluation.lists import (
    Evaluation,
    K,
    add_active_users,
    evaluate_baseline,
    evaluate_categories,
    evaluate_ranker,
)
from training.evaluation.memory import measure_peak_memory_gb
from training.fit import fit
from training.gate.markdown import format_difference, format_table
from training.ranking.ranker import Ranker
from training.studies.rivals import fit_als, fit_boosted
from training.version.files import ArtefactError

logger = logging.getLogger(__name__)

OURS = "wide_deep"
OF_PROBABILITIES = ("category_log_loss", "category_calibration_error")


@dataclass(frozen=True)
class Cut:
    """What was measured at one cut.

    Attributes:
        as_of: the cut. num_users: evaluated users.
        seconds, peak_memory_gb: of our model alone, features to evaluated lists.
        evaluations: by method, ours under OURS.
        categories: the category head against the user's decayed category counts, by method.
        recall: rows of training/evaluation/candidate_recall.py.
    """

    as_of: datetime
    num_users: int
    seconds: float
    peak_memory_gb: float
    evaluations: dict[str, Evaluation]
    categories: dict[str, dict[str, float]]
    recall: list[dict[str, float]]


def measure_cut(store: MLStore, config: TrainingConfig, as_of: datetime) -> Cut:
    """Train as of a cut and evaluate everybody on the horizon after it. Our model comes first, so its peak is its own.

    Raises:
        TooLittleDataError: history before the cut is too short, or nothing was bought after it.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        purchases = load_purchases(store, as_of)
        fitted = fit(purchases, config, Path(scratch) / "version", _ignore)
        ranker = Ranker.load(fitted.folder)
        horizon = config.data.horizon_days
        window = open_window(load_purchases(store, as_of + timedelta(days=horizon)), as_of, horizon)
        users = window.users_with_labels()
        ours = evaluate_ranker(window, users, ranker)
    seconds, peak = time.perf_counter() - started, measure_peak_memory_gb()
    boosted = fit_boosted(purchases, config).evaluate(window, users, config.data.num_candidates)
    baselines = ALL_BASELINES | {"als": fit_als(window.arrays, config.optimiser.seed)}
    evaluations = {name: evaluate_baseline(window, users, rank) for name, rank in baselines.items()}
    return Cut(
        as_of=as_of,
        num_users=len(users),
        seconds=seconds,
        peak_memory_gb=peak,
        evaluations={OURS: ours} | evaluations | {"lightgbm": boosted},
        categories={
            OURS: ours.categories,
            "decayed_category_counts": _evaluate_counts(window, users),
            "lightgbm": boosted.categories,
        },
        recall=measure_candidate_recall(window),
    )


def write_page(cuts: list[Cut]) -> str:
    """Lay the measurements out as a page (Markdown)."""
    return "\n".join(["# Quality", "", *_INTRODUCTION, *(line for cut in cuts for line in _write_cut(cut))]) + "\n"


_INTRODUCTION = [
    "Made by `make quality`. At each cut every method knows what lies before it and is evaluated on the 28 days after,",
    f"on the users who ordered both before and in them. List metrics are at {K}; `discovery` counts only products that",
    "the user never bought before. Differences are paired over users, ours less theirs, with 95% bootstrap intervals.",
    "`als` is implicit's matrix factorisation; `lightgbm` learns from the windows, candidates and features that our",
    "model learns from, products and categories apart (`training/studies/rivals.py`). Candidates are there",
    "because the user bought them before (`own`), because they trend or are new (`fresh`), because they go `together`",
    "with what the user bought, or (`type`) for their product type and their recent buyers alone. Of categories,",
    f"`auc`, `log_loss` and `calibration_error` are over these and all who ordered in the {ACTIVE_DAYS} days before",
    "it, `next_order_map` is that of the first order after the cut, and `lapsed_ndcg_at_3` ranks those without a",
    "purchase in the 28 days before it, the never bought ones among them. What homepages give up of this to show",
    "something new is measured in [repeats and discovery](experiments/repeats-and-discovery.md).",
    "",
]


def _write_cut(cut: Cut) -> Iterator[str]:
    yield f"## {cut.as_of:%Y-%m-%d}"
    yield ""
    cost = f"{cut.seconds:.0f} s and at most {cut.peak_memory_gb:.1f} GB of memory"
    yield f"{cut.num_users:,} users; features, training, lists and evaluation of our model took {cost}."
    yield ""
    yield from format_table(_tabulate(cut, Evaluation.summarise))
    yield ""
    yield from format_table(_tabulate(cut, Evaluation.summarise_discovery, label="discovery"))
    yield ""
    yield "| ours less | ndcg, all | recall, all | ndcg, discovery | recall, discovery |"
    yield "|---|---|---|---|---|"
    ours = cut.evaluations[OURS]
    for name, theirs in cut.evaluations.items():
        if name != OURS:
            pairs = [
                (ours.ndcg, theirs.ndcg),
                (ours.recall, theirs.recall),
                (ours.discovery_ndcg, theirs.discovery_ndcg),
                (ours.discovery_recall, theirs.discovery_recall),
            ]
            yield f"| {name} | " + " | ".join(format_difference(*pair) for pair in pairs) + " |"
    yield ""
    names = list(cut.categories[OURS])
    yield "| categories | " + " | ".join(name.removeprefix("category_") for name in names) + " |"
    yield "|---|" + "---|" * len(names)
    for method, values in cut.categories.items():
        cells = [f"{values[name]:.4f}" if name in values else "" for name in names]
        yield f"| {method} | " + " | ".join(cells) + " |"
    yield ""
    yield f"| candidates a user | labels found | {' | '.join(SOURCES)} | new labels found |"
    yield "|---|---|---|---|---|---|---|"
    for row in cut.recall:
        shares = " | ".join(f"{row[name]:.1%}" for name in ("all", *SOURCES, "new"))
        yield f"| {row['num_candidates']:.0f} | {shares} |"
    yield ""


def _tabulate(
    cut: Cut, summarise: Callable[[Evaluation], dict[str, float]], label: str = "all products"
) -> pl.DataFrame:
    """Lay the list metrics of all methods under each other; those of categories have a table of their own."""
    rows = [{label: name, **summarise(evaluated.with_categories({}))} for name, evaluated in cut.evaluations.items()]
    return pl.DataFrame(rows).drop(f"discovery_ndcg_at_{K}", strict=False)


def _evaluate_counts(window: Window, users: np.ndarray) -> dict[str, float]:
    """Evaluate the user's decayed category counts as a score; they are no probabilities, so only by order."""
    everybody = add_active_users(window, users)
    counts = count_categories(window.arrays, everybody, np.arange(len(window.arrays.category_ids)))
    evaluated = evaluate_categories(window, everybody, window.arrays.category_ids, counts / (1 + counts))
    return {name: value for name, value in evaluated.items() if name not in OF_PROBABILITIES}


def _ignore(epoch: int, metrics: dict[str, float]) -> None:
    """The loop logs each epoch itself."""


def _measure_apart(store: MLStore, cuts: list[datetime]) -> list[Cut]:
    """Measure each cut in a process of its own: memory that one has used would count as the next one's peak."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        max_workers=1, mp_context=context, max_tasks_per_child=1, initializer=log_to_stderr
    ) as processes:
        return [processes.submit(measure_cut, store, load_config(), cut).result() for cut in cuts]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("training.studies.quality", __doc__, has_logs=True)
    command.add_argument("--cuts", type=parse_instant, nargs="+", required=True, help="instants to evaluate from, UTC")
    command.add_argument("--out", type=Path, default=None, help="page to write; only printed if not given")
    return command.run(_compare, arguments, (OSError, StoreError, ValueError, ArtefactError))


def _compare(options: argparse.Namespace) -> Result:
    page = write_page(_measure_apart(MLStore.of(load_settings()), options.cuts))
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    return Result(page)


if __name__ == "__main__":
    sys.exit(main())
