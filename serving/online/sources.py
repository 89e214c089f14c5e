"""Where the model server makes a champion from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from features.snapshot.mapped import MappedSnapshots
from features.store import MLStore
from serving.online.alias_effects import Followup
from training.registry.client import Registry


@dataclass(frozen=True)
class Sources:
    """Where a champion is made from, and who is told of moves.

    Attributes:
        registry: MLflow, if it is the one of this installation.
        store: the ML store.
        var_dir: folder of this installation, with its id, the local copies of versions and the mapped snapshots.
        followup: told of moves.
    """

    registry: Registry
    store: MLStore
    var_dir: Path
    followup: Followup

    @property
    def models_dir(self) -> Path:
        """Folder of local copies, one per run."""
        return self.var_dir / "models"

    @cached_property
    def snapshots(self) -> MappedSnapshots:
        """Snapshots that the workers of this installation share."""
        return MappedSnapshots(self.store, self.var_dir / "snapshots")
