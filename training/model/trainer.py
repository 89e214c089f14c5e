"""The training loop: batches of users with their lists, AdamW, early stopping on users of a later window."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.config import LossConfig, OptimiserConfig, TrainingConfig
from training.data.inputs import ModelInputs
from training.data.samples import TrainingRows
from training.model.loss import Targets, compute_loss
from training.model.replicas import Replicas
from training.model.wide_deep import Ensemble, InputSizes, WideDeep

logger = logging.getLogger(__name__)

Report = Callable[[int, dict[str, float]], None]
# Both lists are served: what a user buys again, and what a user never bought.
STOPPING_METRICS = ("ndcg_at_20", "discovery_ndcg_at_20")
# Batches are small: a second thread gains a fifth on an idle machine, and beside other work its waiting costs fivefold.
NUM_THREADS = 1


def to_tensors(rows: TrainingRows[np.ndarray]) -> TrainingRows[Tensor]:
    """Let tensors share the arrays' memory."""
    return TrainingRows(*map(torch.from_numpy, rows))


def gather_batch(rows: TrainingRows[Tensor], users: Tensor) -> tuple[ModelInputs[Tensor], Targets]:
    """Gather users: the model's inputs, and what it should say; pairs are those of the users who have a list."""
    lists = rows.lists[users].long()
    owners = (lists >= 0).nonzero().squeeze(1)
    lists = lists[owners]
    inputs = ModelInputs(
        user_features=rows.user_features[users],
        category_features=rows.category_features[users],
        category_crosses=rows.category_crosses[users],
        pair_users=owners.repeat_interleave(rows.pair_weights.shape[1]),
        pair_categories=rows.pair_categories[lists].flatten().long(),
        pair_products=rows.pair_products[lists].flatten().long(),
        pair_features=rows.pair_features[lists].flatten(end_dim=1),
        pair_crosses=rows.pair_crosses[lists].flatten(end_dim=1),
    )
    of_users = rows.category_labels[users].float(), rows.user_weights[users]
    return inputs, Targets(*of_users, rows.pair_labels[lists].float(), rows.pair_weights[lists])


@dataclass(frozen=True)
class Trained:
    """An ensemble in evaluation mode, and how many epochs its weights have seen."""

    model: Ensemble
    num_epochs: int


def train(
    sizes: InputSizes,
    rows: TrainingRows[Tensor],
    config: TrainingConfig,
    *,
    evaluate: Callable[[Ensemble], dict[str, float]] | None = None,
    stop_after: int | None = None,
    ends: Callable[[Ensemble], bool] | None = None,
    report: Report | None = None,
) -> Trained:
    """Train an ensemble; all members see the same batches and differ by initialisation and dropout.

    Args:
        sizes: widths of the inputs.
        rows: training rows of all windows.
        config: losses and optimiser.
        evaluate: metrics of the early-stopping users; the weights kept are the last whose sum of STOPPING_METRICS is
            not clearly below the best epoch's. Without it the last ones are.
        stop_after: epochs to run of those that the learning rate is scheduled for; all if it is None.
        ends: called after each epoch with the ensemble, says whether it was the last.
        report: called after each epoch with its number and metrics.
    """
    options, replicas = config.optimiser, Replicas.current()
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a twentieth of a step
    torch.set_num_threads(NUM_THREADS)
    model = Ensemble([WideDeep(sizes, config.model) for _ in range(config.model.num_members)])
    optimiser = torch.optim.AdamW(_group_parameters(model, options), weight_decay=options.weight_decay, fused=True)
    if replicas.rank:
        torch.manual_seed(options.seed + replicas.rank)  # equal weights, other dropout
    steps, epochs = count_steps(rows.num_users, options), count_epochs(rows.num_users, options)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group["lr"] for group in optimiser.param_groups], total_steps=steps * epochs
    )
    num_pairs = int((rows.lists >= 0).sum()) * rows.pair_weights.shape[1]
    best, best_weights, best_epoch = -1.0, model.state_dict(), 0
    for epoch in range(min(epochs, stop_after or epochs)):
        started = time.perf_counter()
        model.train()
        losses = [
            _step(model, optimiser, schedule, gather_batch(rows, replicas.part_of(batch)), config.loss, replicas)
            for batch in _shuffle(rows.num_users, options.batch_size, options.seed + epoch)
        ]
        replicas.average_statistics(model)
        seconds = time.perf_counter() - started
        metrics = {"loss": float(np.mean(losses)), "pairs_per_second": num_pairs / seconds}
        metrics |= evaluate(model.eval()) if evaluate else {}
        if report:
            report(epoch, metrics)
        if replicas.rank == 0:
            logger.info("epoch=%d %s", epoch, " ".join(f"{name}={value:.4g}" for name, value in metrics.items()))
        score = replicas.agree(sum(metrics[name] for name in STOPPING_METRICS) if evaluate else float(epoch))
        best = max(best, score)
        if score >= best - options.tolerance:
            best_epoch = epoch
            best_weights = {name: weight.clone() for name, weight in model.state_dict().items()}
        if epoch - best_epoch >= options.patience or (ends and ends(model)):
            break
    model.load_state_dict(best_weights)
    return Trained(model.eval(), best_epoch + 1)


def train_together(
    sizes: InputSizes,
    rows: TrainingRows[Tensor],
    config: TrainingConfig,
    *,
    evaluate: Callable[[Ensemble], dict[str, float]] | None = None,
    stop_after: int | None = None,
    report: Report | None = None,
) -> Trained:
    """Train as `train` does, with all processes that follow this one, if any."""
    Replicas.current().hand_out(rows, sizes=sizes, config=config, stop_after=stop_after)
    return train(sizes, rows, config, evaluate=evaluate, stop_after=stop_after, report=report)


def follow() -> None:
    """Take part in what the leader trains, until it dismisses this process."""
    while (given := Replicas.current().hand_out(None)) is not None:
        rows, told = given
        train(rows=rows, **told)


def count_steps(num_users: int, options: OptimiserConfig) -> int:
    """Return the steps of an epoch over so many users."""
    return max(num_users // options.batch_size, 1)


def count_epochs(num_users: int, options: OptimiserConfig) -> int:
    """Return the epochs that the learning rate is scheduled for."""
    return max(options.epochs, -(-options.min_steps // count_steps(num_users, options)))


def _group_parameters(model: Ensemble, options: OptimiserConfig) -> list[dict[str, Any]]:
    """Give the category head's wide part a rate of its own: it starts at zero and sees few rows a user."""
    wide = [weight for member in model.members for weight in member.category_head.wide.parameters()]
    known = {id(weight) for weight in wide}
    rest = [weight for weight in model.parameters() if id(weight) not in known]
    return [
        {"params": rest, "lr": options.learning_rate},
        {"params": wide, "lr": options.category_wide_learning_rate},
    ]


def _step(
    model: Ensemble,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    batch: tuple[ModelInputs[Tensor], Targets],
    config: LossConfig,
    replicas: Replicas,
) -> float:
    inputs, targets = batch
    optimiser.zero_grad()
    total = 0.0
    for member in model.members:  # one after another, so that memory holds one member's activations
        loss = compute_loss(member(inputs), targets, config)
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    replicas.average_gradients(model)
    optimiser.step()
    schedule.step()
    return total / len(model.members)


def _shuffle(num_users: int, batch_size: int, seed: int) -> Iterator[Tensor]:
    """Yield user rows in random batches; the last, smaller one is left out where there is another.

    A lone user comes twice, since BatchNorm needs two rows.
    """
    order = torch.randperm(num_users, generator=torch.Generator().manual_seed(seed))
    if num_users == 1:
        order = order.repeat(2)
    full = max(num_users // batch_size, 1)
    for start in range(0, full * batch_size, batch_size):
        yield order[start : start + batch_size]
