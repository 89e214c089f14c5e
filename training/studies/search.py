"""Hyper-parameter search with Optuna, on a window that ends before the cut.

By hand: `python -m training.studies.search`.

    python -m training.studies.search --as-of 2017-08-20 --trials 12 --out DIR [--page FILE]

    ... | train | train | train | validation window [as_of - h, as_of) | as_of: nothing later is read

The rows are built once and shared by all trials, so settings of the data are not searched. Half of the window's users
guide the search; the other half says what the best settings are worth against config.yaml's. Run again with the same
DIR it goes on where it ended. Needs Optuna, a development dependency.
"""

import argparse
import json
import logging
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import Trial, TrialState
from torch import Tensor

from command import Command, Result, parse_instant
from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from features.store_failures import StoreError
from settings import load_settings
from training.config import TrainingConfig, load_config
from training.data.row_files import RowFiles
from training.data.samples import TrainingRows, build_rows_of_windows, fit_window_encoder
from training.data.windows import Window, list_window_starts, open_window
from training.evaluation.networks import Chunk, encode_chunks, evaluate_network
from training.fit import TooLittleDataError, measure_inputs
from training.model.trainer import STOPPING_METRICS, to_tensors, train
from training.model.wide_deep import Ensemble, InputSizes
from training.studies.search_page import CURRENT, REPEAT, ROLE, summarise, write_page

logger = logging.getLogger(__name__)

STARTUP_TRIALS = 5


@dataclass(frozen=True)
class Setting:
    """A number that is searched: its dotted name in config.yaml, its range, and whether it is drawn by magnitude."""

    name: str
    low: float
    high: float
    by_magnitude: bool = False

    def suggest(self, trial: Trial) -> float | int:
        """Draw a value: whole where the range is, else with three digits, so that what is printed is what was tried."""
        if isinstance(self.low, int):
            return trial.suggest_int(self.name, self.low, int(self.high))
        return float(f"{trial.suggest_float(self.name, self.low, self.high, log=self.by_magnitude):.3g}")


SPACE = (
    Setting("optimiser.learning_rate", 3e-4, 3e-3, by_magnitude=True),
    Setting("optimiser.weight_decay", 0.01, 0.5, by_magnitude=True),
    Setting("optimiser.epochs", 1, 4),
    Setting("model.product_dropout", 0.0, 0.3),
    Setting("model.id_dropout", 0.5, 1.0),
    Setting("loss.product_weight", 0.1, 1.0, by_magnitude=True),
    Setting("loss.temperature", 0.5, 2.0, by_magnitude=True),
)


@dataclass(frozen=True)
class Ground:
    """What all trials share: the training rows, and the encoded users of the validation window in two halves."""

    sizes: InputSizes
    rows: TrainingRows[Tensor]
    window: Window
    guides: list[Chunk]
    held_out: list[Chunk]


def prepare(purchases: Purchases, config: TrainingConfig) -> Ground:
    """Build the rows of the windows that end where the validation window [as_of - horizon, as_of) starts.

    Raises:
        TooLittleDataError: history is too short, or fewer than two users bought in the validation window.
    """
    seed, start = config.optimiser.seed, purchases.as_of - timedelta(days=config.data.horizon_days)
    window = open_window(purchases, start, config.data.horizon_days)
    encoder = fit_window_encoder(window, config.data, config.model.vocabulary_size, seed)
    starts = list_window_starts(purchases, start, config.data)
    evaluated = np.random.default_rng([seed, 5]).permutation(window.users_with_labels())
    with tempfile.TemporaryDirectory() as scratch:
        files = RowFiles(Path(scratch))
        for part in build_rows_of_windows(purchases, starts, window, encoder, config.data, seed):
            files.append(part)
        if not files.num_windows or len(evaluated) < 2:
            raise TooLittleDataError(
                f"A search as of {purchases.as_of:%Y-%m-%d} needs orders in and before the {config.data.horizon_days} "
                "days that precede it, by two users at least: choose a later --as-of."
            )
        rows = to_tensors(files.read())
    halves = np.sort(evaluated[: len(evaluated) // 2]), np.sort(evaluated[len(evaluated) // 2 :])
    guides, held_out = (list(encode_chunks(window, half, encoder, config.data.num_candidates)) for half in halves)
    return Ground(measure_inputs(encoder), rows, window, guides, held_out)


def run_search(ground: Ground, config: TrainingConfig, num_trials: int, out: Path) -> optuna.Study:
    """Try settings until `num_trials` trials are done, those of an earlier call with this folder among them.

    Args:
        ground: the shared rows.
        config: what is not searched, and the settings of the first trial.
        num_trials: how many, with the two of the settings as they stand.
        out: folder of study.db and of each trial's evaluated lists.

    Raises:
        ValueError: the folder holds a search from other settings or another instant.
    """
    out.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="search",
        storage=f"sqlite:///{out / 'study.db'}",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
        direction="maximize",
        load_if_exists=True,
    )
    # Another seed at each call: the same one would try the first trials' settings again.
    sampler_seed = config.optimiser.seed + len(study.trials)
    study.sampler = optuna.samplers.TPESampler(seed=sampler_seed, n_startup_trials=STARTUP_TRIALS)
    _require_same(study, {"end": ground.window.end.isoformat(), **config.flatten()})
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)  # cut off with its process
    _enqueue_current(study, config)
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    study.optimize(partial(_try, ground, config, out), n_trials=max(num_trials - len(finished), 0))
    return study


def _require_same(study: optuna.Study, identity: dict[str, object]) -> None:
    known = study.user_attrs.get("identity", identity)
    differing = sorted(name for name in identity if known.get(name) != identity[name])
    if differing:
        raise ValueError(f"This folder holds a search that differs in {', '.join(differing)}: choose another --out.")
    study.set_user_attr("identity", identity)


def _enqueue_current(study: optuna.Study, config: TrainingConfig) -> None:
    known = {
        trial.user_attrs.get(ROLE)
        for trial in study.get_trials(deepcopy=False)
        if trial.state in (TrialState.COMPLETE, TrialState.WAITING)
    }
    values = {setting.name: config.flatten()[setting.name] for setting in SPACE}
    for role in (CURRENT, REPEAT):
        if role not in known:
            study.enqueue_trial(values, user_attrs={ROLE: role})


def _try(ground: Ground, config: TrainingConfig, out: Path, trial: Trial) -> float:
    """Train with a trial's settings; gives the sum of STOPPING_METRICS over the guides, best epoch's weights."""
    values: dict[str, Any] = {setting.name: setting.suggest(trial) for setting in SPACE}
    trial.set_user_attr("values", values)
    if trial.user_attrs.get(ROLE) == REPEAT:
        values["optimiser.seed"] = config.optimiser.seed + 1
    config = config.replace(values)

    def report(epoch: int, metrics: dict[str, float]) -> None:
        trial.report(sum(metrics[name] for name in STOPPING_METRICS), epoch)
        if trial.should_prune() and ROLE not in trial.user_attrs:
            raise optuna.TrialPruned

    trained = train(ground.sizes, ground.rows, config, evaluate=partial(_summarise, ground), report=report)
    guided = _summarise(ground, trained.model)
    held_out = evaluate_network(ground.window, ground.held_out, trained.model)
    np.savez(out / f"trial_{trial.number}.npz", ndcg=held_out.ndcg, discovery_ndcg=held_out.discovery_ndcg)
    trial.set_user_attr("metrics", guided)
    return sum(guided[name] for name in STOPPING_METRICS)


def _summarise(ground: Ground, model: Ensemble) -> dict[str, float]:
    evaluated = evaluate_network(ground.window, ground.guides, model).summarise()
    return {name: evaluated[name] for name in STOPPING_METRICS}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    command = Command("training.studies.search", __doc__, has_logs=True)
    command.add_argument("--as-of", type=parse_instant, required=True, help="the cut, UTC; nothing later is read")
    command.add_argument("--trials", type=int, default=20, help="trials in all, those of earlier calls among them")
    command.add_argument("--members", type=int, default=1, help="members of each trial's ensemble")
    command.add_argument("--out", type=Path, required=True, help="folder of the search, made or continued")
    command.add_argument("--page", type=Path, default=None, help="page of the evidence (Markdown) to write")
    return command.run(_search, arguments, (OSError, StoreError, ValueError))


def _search(options: argparse.Namespace) -> Result:
    config = load_config().replace({"model.num_members": options.members})
    ground = prepare(load_purchases(MLStore.of(load_settings()), options.as_of), config)
    study = run_search(ground, config, options.trials, options.out)
    evidence = summarise(study, options.out)
    page = write_page(evidence, ground.window, config, sum(len(chunk.user_rows) for chunk in ground.held_out))
    (options.out / "trials.json").write_text(json.dumps(evidence, indent=1), encoding="utf-8")
    if options.page:
        options.page.write_text(page, encoding="utf-8")
    return Result(page)


if __name__ == "__main__":
    sys.exit(main())
