"""A snapshot's row in the index, written last: it makes the snapshot known."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import polars as pl

from features.definitions import Entity, list_features
from features.store import MLStore

_ENTITIES: tuple[Entity, ...] = ("user", "user_category", "product", "pair")


def name_instant(as_of: datetime) -> str:
    """Name an instant as the tables' partitions do."""
    return as_of.astimezone(UTC).isoformat()


@dataclass(frozen=True)
class IndexRow:
    """What the index says of a snapshot, beside the number of features of each entity; `as_of` is its name."""

    as_of: str
    num_buckets: int
    feature_hash: str
    snapshot_id: str
    num_users: int
    num_products: int

    def write(self, store: MLStore) -> None:
        """Put it into the index: readers see the snapshot from then on."""
        num_features = json.dumps({entity: len(list_features(entity)) for entity in _ENTITIES})
        index = pl.DataFrame([asdict(self) | {"num_features": num_features}])
        store.overwrite("snapshots", index, partition_by=["as_of"], where={"as_of": self.as_of})
