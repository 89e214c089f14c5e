"""Data parallelism: several processes with equal weights, each of which sees a part of every batch.

`torchrun` starts them. The first one leads: it reads, evaluates and registers, and hands the others the rows of each
training. Gradients are averaged after each step, the statistics of batch normalisation after each epoch, so that the
weights stay equal; dropout is drawn apart. Batches are as large as those of one process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn

from training.data.samples import TrainingRows

LONGEST_WAIT = timedelta(days=1)
"""For what another process does meanwhile, such as reading the shop; one that has died is noticed at once."""


@dataclass(frozen=True)
class Replicas:
    """This process among those that train together.

    Attributes:
        rank: its number; 0 leads. size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def current(cls) -> "Replicas":
        """Return who trains together now: this process alone, if none joined others."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    def part_of(self, batch: Tensor) -> Tensor:
        """Return this process's part of a batch; all of it where it has not two rows for each."""
        return batch if len(batch) < 2 * self.size else batch[self.rank :: self.size]

    def average_gradients(self, model: nn.Module) -> None:
        """Replace the gradients by their means over all processes."""
        if self.size > 1:
            self._average([weight.grad for weight in model.parameters() if weight.grad is not None])

    def average_statistics(self, model: nn.Module) -> None:
        """Replace the running means and variances by their means over all processes."""
        if self.size > 1:
            self._average([value for value in model.buffers() if value.is_floating_point()])

    def agree(self, value: float) -> float:
        """Return the leader's value."""
        return value if self.size == 1 else float(self._tell(value))

    def hand_out(
        self, rows: TrainingRows[Tensor] | None, **told: Any
    ) -> tuple[TrainingRows[Tensor], dict[str, Any]] | None:
        """Give all processes the leader's rows and what it tells; followers pass None.

        Returns:
            Rows and what was told; None once the leader has dismissed the others.
        """
        if self.size == 1:
            return rows and (rows, told)
        kinds = rows and {name: (values.dtype, values.shape) for name, values in rows._asdict().items()}
        kinds, told = self._tell((kinds, told))
        if kinds is None:
            return None
        given = rows or TrainingRows(
            **{name: torch.empty(shape, dtype=dtype) for name, (dtype, shape) in kinds.items()}
        )
        for values in given:
            distributed.broadcast(values.contiguous().view(torch.uint8), 0)
        return given, told

    def _tell(self, value: Any) -> Any:
        box = [value]
        distributed.broadcast_object_list(box, 0)
        return box[0]

    def _average(self, values: list[Tensor]) -> None:
        flat = torch.cat([value.flatten() for value in values])
        distributed.all_reduce(flat)
        flat /= self.size
        for value, mean in zip(values, torch.split(flat, [value.numel() for value in values]), strict=True):
            value.copy_(mean.view_as(value))


@contextmanager
def join_replicas() -> Iterator[Replicas]:
    """Join the processes that `torchrun` started along with this one; alone without it. The leader dismisses them."""
    if not distributed.is_torchelastic_launched():
        yield Replicas()
        return
    distributed.init_process_group("gloo", timeout=LONGEST_WAIT)
    replicas = Replicas.current()
    try:
        yield replicas
        if replicas.rank == 0 and replicas.size > 1:
            replicas._tell((None, {}))
    finally:
        distributed.destroy_process_group()
