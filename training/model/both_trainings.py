"""Training of a version's ensembles, side by side where that is worth it: the holdout model and the one that serves.

The model that serves is trained for as many epochs as the holdout model's evaluation says. That is known last, so a
model that is trained at the same time keeps the weights of each epoch.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.beside import call_beside
from training.config import TrainingConfig
from training.data.row_files import RowFiles
from training.data.samples import TrainingRows
from training.model.replicas import Replicas
from training.model.trainer import Report, count_epochs, count_steps, to_tensors, train, train_together
from training.model.wide_deep import Ensemble, InputSizes, WideDeep

STEPS_WORTH_A_PROCESS = 1000
"""Another process has begun after some seconds, in which fewer steps than this are done."""
POLL_SECONDS = 0.1

Evaluate = Callable[[Ensemble], dict[str, float]]
Weights = dict[str, np.ndarray]
"""Of an ensemble, by their names; arrays, since tensors are not sent between processes but shared."""


class Both(NamedTuple):
    """The ensemble that serves and the holdout model, in evaluation mode."""

    model: Ensemble
    holdout: Ensemble


@dataclass(frozen=True)
class BothTrainings:
    """What both ensembles are trained from.

    Attributes:
        rows: folder of the rows of all windows, the newest first.
        num_newer: windows that the holdout model does not learn from.
        sizes: widths of the inputs.
        config: losses and optimiser, and how many windows each learns from.
    """

    rows: Path
    num_newer: int
    sizes: InputSizes
    config: TrainingConfig

    def run(self, evaluate: Evaluate, report: Report) -> Both:
        """Train both.

        Args:
            evaluate: metrics of the early-stopping users, for the holdout model.
            report: called after each of its epochs.
        """
        newest, options = self.read_newest(), self.config.optimiser
        earlier = to_tensors(RowFiles(self.rows).read(self.num_newer))
        num_steps = count_steps(newest.num_users, options) * count_epochs(newest.num_users, options)
        is_shared = Replicas.current().size > 1
        if is_shared or num_steps < STEPS_WORTH_A_PROCESS or (os.cpu_count() or 1) < 2:
            holdout = train_together(self.sizes, earlier, self.config, evaluate=evaluate, report=report)
            model = train_together(self.sizes, newest, self.config, stop_after=holdout.num_epochs).model
            return Both(model, holdout.model)
        told = self.rows / "num_epochs"
        with call_beside(train_model, self, told) as call:
            holdout = train(self.sizes, earlier, self.config, evaluate=evaluate, report=report)
            part = told.with_suffix(".part")
            part.write_text(str(holdout.num_epochs), encoding="utf-8")
            part.replace(told)
            weights = call.wait()
        model = Ensemble([WideDeep(self.sizes, self.config.model) for _ in range(self.config.model.num_members)])
        model.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
        return Both(model.eval(), holdout.model)

    def read_newest(self) -> TrainingRows[Tensor]:
        """Map the rows of the windows that the model that serves learns from."""
        files = RowFiles(self.rows)
        return to_tensors(files.read(0, min(self.config.data.num_windows, files.num_windows)))


def train_model(both: BothTrainings, told: Path) -> Weights:
    """Train the model that serves until a file tells for how many epochs; gives its weights."""
    epochs: list[Weights] = []

    def keep(model: Ensemble) -> bool:
        epochs.append({name: weight.numpy().copy() for name, weight in model.state_dict().items()})
        return told.exists() and int(told.read_text(encoding="utf-8")) <= len(epochs)

    train(both.sizes, both.read_newest(), both.config, ends=keep)
    while not told.exists():
        time.sleep(POLL_SECONDS)
    return epochs[: int(told.read_text(encoding="utf-8"))][-1]  # there are fewer where the schedule has no more
