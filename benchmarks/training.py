"""Benchmark of the training loop: `python -m benchmarks.training [--users 2000]`.

Trains the committed settings on rows of the demo shop's shape, once through `training.model.trainer.train` and once
through a bare PyTorch loop over the same tensors: gather, forward, loss, backward, step, with the same model, losses
and optimiser but no schedule, stopping, evaluation or reports, and with as many threads as PyTorch takes by itself.
They take turns; the best turn of each counts.
"""

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.parts.figures import Figure, report
from command import Command, Result
from features.definitions import list_crosses, list_names
from training.config import TrainingConfig, load_config
from training.data.samples import TrainingRows
from training.model.loss import compute_loss
from training.model.trainer import gather_batch, train
from training.model.wide_deep import Ensemble, InputSizes, WideDeep

OURS = "training.model.trainer"
ALL_THREADS = torch.get_num_threads()
SIZES = InputSizes(
    user_features=len(list_names("user")),
    category_features=len(list_names("user_category")),
    category_crosses=600,
    pair_features=len(list_names("pair")) + len(list_names("product")),
    pair_crosses=1200,
    num_categories=16,
    num_products=20_000,
)


def draw_rows(num_users: int, list_size: int) -> TrainingRows[Tensor]:
    """Draw rows at random: what they hold does not change how fast they are read."""
    generator = torch.Generator().manual_seed(31)

    def numbers(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    def ids(limit: int, *shape: int) -> Tensor:
        return torch.randint(0, limit, shape, generator=generator)

    categories = SIZES.num_categories
    return TrainingRows(
        user_features=numbers(num_users, SIZES.user_features),
        category_features=numbers(num_users, categories, SIZES.category_features),
        category_crosses=ids(SIZES.category_crosses, num_users, categories, len(list_crosses("user_category"))).int(),
        category_labels=ids(2, num_users, categories).float(),
        user_weights=torch.ones(num_users),
        lists=torch.arange(num_users),
        pair_categories=ids(categories + 1, num_users, list_size),
        pair_products=ids(SIZES.num_products + 1, num_users, list_size),
        pair_features=numbers(num_users, list_size, SIZES.pair_features),
        pair_crosses=ids(SIZES.pair_crosses, num_users, list_size, len(list_crosses("pair"))).int(),
        pair_labels=(ids(10, num_users, list_size) == 0).float(),
        pair_weights=torch.ones(num_users, list_size),
    )


def train_ours(rows: TrainingRows[Tensor], config: TrainingConfig) -> float:
    """Train one epoch through the project's loop; gives the seconds."""
    started = time.perf_counter()
    train(SIZES, rows, config)
    return time.perf_counter() - started


def train_bare(rows: TrainingRows[Tensor], config: TrainingConfig) -> float:
    """Train one epoch with nothing around it; gives the seconds."""
    options = config.optimiser
    torch.set_num_threads(ALL_THREADS)
    started = time.perf_counter()
    torch.manual_seed(options.seed)
    members = Ensemble([WideDeep(SIZES, config.model) for _ in range(config.model.num_members)]).members
    weights = [weight for member in members for weight in member.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=options.learning_rate, weight_decay=options.weight_decay)
    order = torch.randperm(rows.num_users)
    for start in range(0, len(order) - options.batch_size + 1, options.batch_size):
        inputs, targets = gather_batch(rows, order[start : start + options.batch_size])
        optimiser.zero_grad()
        for member in members:
            compute_loss(member(inputs), targets, config.loss).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return time.perf_counter() - started


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    command = Command("benchmarks.training", __doc__, has_json=True)
    command.add_argument("--users", type=int, default=2000, help="users, each with the committed list_size of pairs")
    command.add_argument("--repeats", type=int, default=3, help="turns of each loop; the best one counts")
    return command.run(_measure, arguments)


def _measure(chosen: argparse.Namespace) -> Result:
    config = load_config()
    config = config.model_copy(update={"optimiser": config.optimiser.model_copy(update={"epochs": 1, "min_steps": 1})})
    rows = draw_rows(chosen.users, config.data.list_size)
    ways: dict[str, Callable[[TrainingRows[Tensor], TrainingConfig], float]] = {
        "bare loop": train_bare,
        OURS: train_ours,
    }
    turns = [{name: way(rows, config) for name, way in ways.items()} for _ in range(chosen.repeats)]
    best = {name: float(np.min([turn[name] for turn in turns])) for name in ways}
    num_pairs = rows.pair_weights.numel()
    print(f"\n{num_pairs:,} pairs, {config.model.num_members} members")
    print(f"{'':<18}{'seconds':>9}{'pairs/s':>12}{'of bare':>10}")
    for name, seconds in best.items():
        print(f"{name:<18}{seconds:>9.1f}{num_pairs / seconds:>12,.0f}{best['bare loop'] / seconds:>10.2f}")
    return report([Figure("pairs a second, of the bare loop", best["bare loop"] / best[OURS], "higher")])


if __name__ == "__main__":
    sys.exit(main())
