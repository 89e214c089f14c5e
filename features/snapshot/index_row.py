"""A snapshot's row in the index, written last: it makes the snapshot known."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from features.definitions import Entity, list_features
from features.store import MLStore
from features.store_failures import StoreError

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


def find_row(index: pl.DataFrame, as_of: datetime | None = None) -> dict[str, Any]:
    """Return what the index says of a snapshot: of the newest one, if no instant is given.

    Raises:
        StoreError: there is no such snapshot; the message lists those that exist.
    """
    key = None if as_of is None else name_instant(as_of)
    found = leave_out_coming(index).tail(1) if key is None else index.filter(pl.col("as_of") == key)
    if found.is_empty():
        raise StoreError(
            f"No snapshot {'at all' if key is None else f'as of {key!r}'}; there are {index['as_of'].to_list()!r}. "
            "Run `python -m features.rebuild --as-of T` first."
        )
    return found.row(0, named=True)


def leave_out_coming(index: pl.DataFrame) -> pl.DataFrame:
    """Leave out instants that are still to come: nobody knows yet what is known before them."""
    return index.filter(pl.col("as_of") <= datetime.now(UTC).isoformat())
