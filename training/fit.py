"""Training of a version, from purchases to ONNX: windows, encoder, lists, loop, export.

Time, back from as_of, with horizon h:

    ... | train | train | train | evaluation window [as_of - h, as_of) | as_of: the instant the version is for

Two ensembles are trained by one recipe. The labels of the holdout model end where the evaluation window begins: one
user in five of that window decides when its training stops, on the others it is evaluated. The model that serves learns
from the evaluation window too, for as many epochs.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from features.definitions import list_names
from features.ranking.encoding import Encoder
from features.snapshot.arrays import Int64
from training.config import DataConfig, TrainingConfig, load_config
from training.data.inputs import ModelInputs, UserInputs
from training.data.samples import TrainingRows, count_buyers, fit_window_encoder
from training.data.shops import Shop, find_first_order
from training.data.window_files import write_windows
from training.data.windows import Window, list_window_starts, open_window_of, sample_users
from training.evaluation.networks import encode_chunks, evaluate_network
from training.model.both_trainings import BothTrainings
from training.model.trainer import STOPPING_METRICS, Report, gather_batch
from training.model.wide_deep import Ensemble, InputSizes
from training.version.export import export_version
from training.version.files import CONFIG

# One user in this many stops the training; on the rest of the evaluation window it is evaluated.
STOPPING_SHARE = 5
MAX_STOPPING_USERS = 500
GOLDEN_USERS, GOLDEN_PAIRS = 4, 25


class TooLittleDataError(ValueError):
    """The shop's history is too short, or too empty, to learn from."""


@dataclass(frozen=True)
class Fitted:
    """A trained version in a folder, and the window to evaluate it on.

    Attributes:
        folder: model.onnx, twin.onnx, encoder.json, config.yaml, golden.json, manifest.json.
        model: the weights that model.onnx was exported from, in evaluation mode; None for one fitted before.
        config: as trained; `output_dim` is the shop's number of categories.
        evaluation_window: the window [as_of - horizon, as_of), of a sample of its users where it had too many.
        evaluation_users: int64, rows of its users that the holdout model never looked at.
    """

    folder: Path
    model: Ensemble | None
    config: TrainingConfig
    evaluation_window: Window
    evaluation_users: Int64


def fit(shop: Shop, config: TrainingConfig, folder: Path, report: Report) -> Fitted:
    """Train a version on the purchases before `shop.as_of`.

    Args:
        shop: all that may be known.
        config: how to train.
        folder: where the version goes; training rows lie in files beside it meanwhile.
        report: called after each epoch with its number and metrics.

    Raises:
        TooLittleDataError: no window has users with purchases before and in it; the message says what there is.
    """
    seed, evaluation_start = config.optimiser.seed, shop.as_of - timedelta(days=config.data.horizon_days)
    starts = list_window_starts(shop, evaluation_start, config.data)
    _require_history(shop, starts, evaluation_start)
    opened = _open_evaluation_window(shop, config)
    encoder = fit_window_encoder(opened, config.data, config.model.vocabulary_size, seed)
    newer = [start for start in list_window_starts(shop, shop.as_of, config.data) if start not in starts]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="rows-") as scratch:
        rows = Path(scratch)
        written = write_windows(shop, [*newer, *starts], opened, encoder, config.data, seed, rows)
        num_newer = sum(start in newer for start in written)
        if len(written) == num_newer:
            raise TooLittleDataError(
                f"No user bought both before and within the {len(starts)} windows before "
                f"{evaluation_start:%Y-%m-%d}: sync more orders."
            )
        evaluation_window = _narrow_evaluation_window(opened, config)
        stop_users, evaluation_users = _split_users(evaluation_window, seed)
        sizes = measure_inputs(encoder)
        config = config.with_categories(sizes.num_categories)
        trainings = BothTrainings(rows, num_newer, sizes, config)
        both = trainings.run(_make_evaluator(evaluation_window, stop_users, encoder, config), report)
        golden = _pick_golden(trainings.read_newest())
    export_version(folder, both.model, both.holdout, encoder, config, golden)
    return Fitted(folder, both.model, config, evaluation_window, evaluation_users)


def reopen(shop: Shop, config: TrainingConfig, folder: Path) -> Fitted:
    """Return a version that was fitted before, with the window and users to evaluate it on; nothing is trained.

    Args:
        shop: what it was fitted on.
        config: the same.
        folder: where `fit` left it.
    """
    evaluation_window = _narrow_evaluation_window(_open_evaluation_window(shop, config), config)
    _, evaluation_users = _split_users(evaluation_window, config.optimiser.seed)
    return Fitted(folder, None, load_config(folder / CONFIG), evaluation_window, evaluation_users)


def _open_evaluation_window(shop: Shop, config: TrainingConfig) -> Window:
    """Open the newest window, for those who learn from it and for those who evaluate on it."""
    data = config.data
    most_buyers = max(count_buyers(data), _count_evaluation_buyers(data))
    return open_window_of(shop, shop.as_of - timedelta(days=data.horizon_days), data.horizon_days, most_buyers)


def _narrow_evaluation_window(window: Window, config: TrainingConfig) -> Window:
    return sample_users(window, _count_evaluation_buyers(config.data), config.optimiser.seed)


def _count_evaluation_buyers(config: DataConfig) -> int:
    """Return how many buyers are kept, so that `max_evaluation_users` are left without those who stop the training."""
    return config.max_evaluation_users + min(config.max_evaluation_users // (STOPPING_SHARE - 1), MAX_STOPPING_USERS)


def _require_history(shop: Shop, starts: list[datetime], evaluation_start: datetime) -> None:
    if starts:
        return
    found = find_first_order(shop)
    span = f"orders from {found:%Y-%m-%d} on" if found else "no orders at all"
    raise TooLittleDataError(
        f"Training as of {shop.as_of:%Y-%m-%d} needs at least one and a half horizons of orders before "
        f"{evaluation_start:%Y-%m-%d}; the shop has {span}. Wait, or choose a later --as-of or a shorter horizon_days."
    )


def measure_inputs(encoder: Encoder) -> InputSizes:
    """Derive how wide the model's inputs are."""
    return InputSizes(
        user_features=len(list_names("user")),
        category_features=len(list_names("user_category")),
        category_crosses=encoder.num_crosses("user_category"),
        pair_features=len(list_names("pair")) + len(list_names("product")),
        pair_crosses=encoder.num_crosses("pair"),
        num_categories=len(encoder.category_ids),
        num_products=len(encoder.product_ids),
    )


def _split_users(window: Window, seed: int) -> tuple[Int64, Int64]:
    """Part the window's users into those that stop training and those to evaluate on; both ascending."""
    users = window.users_with_labels()
    shuffled = np.random.default_rng([seed, 3]).permutation(users)
    num_stopping = min(len(users) // STOPPING_SHARE, MAX_STOPPING_USERS)
    if num_stopping == 0:  # a shop this small stops on those it is evaluated on
        return users, users
    return np.sort(shuffled[:num_stopping]), np.sort(shuffled[num_stopping:])


def _make_evaluator(
    window: Window, users: Int64, encoder: Encoder, config: TrainingConfig
) -> Callable[[Ensemble], dict[str, float]]:
    """Encode the stopping users once; give a function that ranks their candidates and measures both kinds of list."""
    chunks = list(encode_chunks(window, users, encoder, config.data.num_candidates))

    def evaluate(model: Ensemble) -> dict[str, float]:
        if not chunks:
            return dict.fromkeys(STOPPING_METRICS, 0.0)
        evaluated = evaluate_network(window, chunks, model).summarise()
        return {name: evaluated[name] for name in STOPPING_METRICS}

    return evaluate


def _pick_golden(rows: TrainingRows[Tensor]) -> ModelInputs[Tensor]:
    """Take the first lists with the first pairs of each: rows that any later load must score alike."""
    users = (rows.lists >= 0).nonzero().squeeze(1)[:GOLDEN_USERS]
    inputs, _ = gather_batch(rows, users)
    kept = torch.arange(len(inputs.pair_users)) % rows.pair_labels.shape[1] < GOLDEN_PAIRS
    return ModelInputs(
        *(value if name in UserInputs._fields else value[kept] for name, value in inputs._asdict().items())
    )._replace(
        category_crosses=inputs.category_crosses.long(),
        pair_crosses=inputs.pair_crosses[kept].long(),
    )
