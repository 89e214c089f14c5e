"""Backtest: trains as of a past instant, scores every user, and evaluates on the purchases that followed.

    python -m training.backtest --as-of 2017-10-15 --out DIR

Writes products.parquet, discovery.parquet, categories.parquet and metrics.json to DIR. Nothing dated at or after the
instant is read before the lists are written; the labels are read last.
"""

import argparse
import json
import logging
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from command import Command, Result, parse_instant
from features.ranking.candidates import Candidates
from features.rebuild import build_snapshot
from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.config import TrainingConfig, load_config
from training.data.windows import open_window
from training.evaluation.baselines import BASELINES
from training.evaluation.lists import Evaluation, evaluate_baseline, evaluate_ranker, tabulate
from training.evaluation.memory import measure_peak_memory_gb
from training.fit import fit
from training.ranking.chunks import map_chunks
from training.ranking.lists import RankedLists
from training.ranking.ranker import Ranker, lay_out_categories
from training.ranking.topk import rank_top
from training.version.files import ArtefactError

logger = logging.getLogger(__name__)

NUM_PRODUCTS, NUM_DISCOVERY = 100, 50


def run_backtest(store: MLStore, config: TrainingConfig, as_of: datetime, out: Path) -> dict[str, Evaluation]:
    """Train, write the lists, then evaluate them.

    Args:
        store: the ML store.
        config: how to train; its horizon is the labels' too.
        as_of: the cut.
        out: folder of the results, created.

    Returns:
        Evaluations of the model and of each baseline; empty where nothing was bought after the cut.

    Raises:
        StoreError: the shop was never synced.
        TooLittleDataError: history before the cut is too short.
    """
    out.mkdir(parents=True, exist_ok=True)
    purchases = load_purchases(store, as_of)
    fitted = fit(purchases, config, out / "version", _ignore_epochs)
    ranker = Ranker.load(fitted.folder)
    snapshot = build_snapshot(purchases)
    _write_lists(ranker, snapshot, out)
    return _evaluate(store, config, snapshot, ranker)


def _ignore_epochs(epoch: int, metrics: dict[str, float]) -> None:
    """A backtest keeps no learning curve; the loop logs each epoch itself."""


def _write_lists(ranker: Ranker, snapshot: Snapshot, out: Path) -> None:
    """Score everybody once; the lists of serving without its reasons, which cost more than the scores."""
    arrays = snapshot.arrays

    def rank(chunk: Int64) -> tuple[pl.DataFrame, ...]:
        candidates, scores, probabilities = ranker.score_candidates(arrays, chunk)
        is_new = candidates.history_rows < 0
        return (
            _lay_out_list(arrays, candidates, scores, NUM_PRODUCTS),
            _lay_out_list(arrays, candidates.take(is_new), scores[is_new], NUM_DISCOVERY),
            lay_out_categories(arrays.user_ids[chunk], ranker.category_ids, probabilities),
        )

    ranked = map_chunks(rank, np.arange(len(arrays.user_ids)))
    for name, frames in zip(("products", "discovery", "categories"), zip(*ranked, strict=True), strict=True):
        pl.concat(frames).write_parquet(out / f"{name}.parquet")


def _lay_out_list(arrays: SnapshotArrays, candidates: Candidates, scores: Float32, k: int) -> pl.DataFrame:
    order, ranks = rank_top(candidates.user_rows, scores, k)
    no_reasons = np.full(len(order), None, dtype=object)
    lists = RankedLists.lay_out(arrays, candidates.take(order), ranks, scores[order], no_reasons)
    return lists.to_frame().drop("reason")


def _evaluate(store: MLStore, config: TrainingConfig, snapshot: Snapshot, ranker: Ranker) -> dict[str, Evaluation]:
    as_of, horizon_days = snapshot.as_of, config.data.horizon_days
    later: Purchases = load_purchases(store, as_of + timedelta(days=horizon_days))
    window = open_window(later, as_of, horizon_days, snapshot.arrays)
    users = window.users_with_labels()
    if len(users) == 0:
        return {}
    evaluated = {"wide_deep": evaluate_ranker(window, users, ranker)}
    return evaluated | {name: evaluate_baseline(window, users, rank) for name, rank in BASELINES.items()}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("training.backtest", __doc__, has_logs=True)
    command.add_argument("--as-of", type=parse_instant, required=True, help="the cut, UTC")
    command.add_argument("--horizon-days", type=int, default=28, help="length of the label window")
    command.add_argument("--out", type=Path, required=True, help="folder of the results")
    return command.run(_backtest, arguments, (OSError, StoreError, ValueError, ArtefactError))


def _backtest(options: argparse.Namespace) -> Result:
    started = time.perf_counter()
    config = load_config().with_horizon(options.horizon_days)
    evaluations = run_backtest(MLStore.of(load_settings()), config, options.as_of, options.out)
    seconds = round(time.perf_counter() - started, 1)
    metrics = {name: evaluation.summarise() for name, evaluation in evaluations.items()}
    peak = round(measure_peak_memory_gb(), 2)
    cost = {"seconds": seconds, "peak_memory_gb": peak}
    result = {"as_of": options.as_of.isoformat(), "horizon_days": options.horizon_days, **cost, **metrics}
    (options.out / "metrics.json").write_text(json.dumps(_to_plain(result), indent=1), encoding="utf-8")
    done = f"written to {options.out} in {seconds} s, at most {peak} GB of memory"
    if not evaluations:
        return Result(done)
    with pl.Config(tbl_cols=-1, tbl_width_chars=200, float_precision=4, tbl_hide_dataframe_shape=True):
        return Result(f"{tabulate(evaluations)}\n{done}")


def _to_plain(value: object) -> object:
    """JSON holds no NaN: what could not be measured becomes null."""
    if isinstance(value, dict):
        return {key: _to_plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not np.isfinite(value) else value


if __name__ == "__main__":
    sys.exit(main())
