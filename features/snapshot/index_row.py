"""A snapshot's row in the index, written last: it makes the snapshot known, with all its tables at once."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import polars as pl
from deltalake import CommitProperties
from deltalake.exceptions import CommitFailedError

from features.definitions import Entity, list_features
from features.store import MLStore
from features.store_failures import StoreError
from features.store_format import note_format
from features.store_writing import write_rows

INDEX = "snapshots"
ATTEMPTS = 5
_ENTITIES: tuple[Entity, ...] = ("user", "user_category", "product", "pair")


class OtherBucketsError(StoreError):
    """The store has another number of user buckets by now, or another snapshot than the one that was rewritten."""


def name_instant(as_of: datetime) -> str:
    """Name an instant as the index does."""
    return as_of.astimezone(UTC).isoformat()


def name_rows(row: Mapping[str, Any]) -> str:
    """Name the partition that holds the rows of a snapshot of the index; without a name it is the instant itself."""
    return str(row.get("partition") or row["as_of"])


def _count_features() -> str:
    return json.dumps({entity: len(list_features(entity)) for entity in _ENTITIES})


@dataclass(frozen=True)
class IndexRow:
    """What the index says of a snapshot.

    Attributes:
        as_of: the instant, ISO 8601; it is the row's key.
        num_buckets: user buckets of the per-user tables.
        feature_hash: of the definitions.
        snapshot_id: hash of all rows.
        num_users: in it. num_products: in it.
        partition: the value of the column `as_of` that its rows have in the tables of snapshots. Each writing has one
            of its own, so that the tables are exchanged together, by this row.
        num_features: of each entity, as JSON.
    """

    as_of: str
    num_buckets: int
    feature_hash: str
    snapshot_id: str
    num_users: int
    num_products: int
    partition: str
    num_features: str = field(default_factory=_count_features)

    def write(self, store: MLStore, instead_of: str | None = None) -> None:
        """Put it into the index: readers see the snapshot from then on.

        Args:
            store: the ML store.
            instead_of: the `snapshot_id` that the newest snapshot has, if this one has the same rows in other buckets.

        Raises:
            OtherBucketsError: the buckets are others than the store's newest snapshot has, or that one is another by
                now; the index stays as it is.
            StoreError: others keep writing to the index.
        """
        note_format(store.files)
        row = pl.DataFrame([asdict(self)])
        if not store.exists(INDEX):
            store.overwrite(INDEX, row, partition_by=["as_of"], where={"as_of": self.as_of})
            return
        for _ in range(ATTEMPTS):
            index = store.open(INDEX)
            self._require_same_store(store, store.scan(INDEX, index.version()).collect(), instead_of)
            try:
                write_rows(
                    index,
                    row,
                    store.storage_options,
                    mode="overwrite",
                    predicate=f"as_of = '{self.as_of}'",
                    schema_mode="merge",
                    commit_properties=CommitProperties(max_commit_retries=0),
                )
            except CommitFailedError:
                continue  # another snapshot was written: look again
            return
        raise StoreError(f"Others keep writing to the index of snapshots of the ML store {store.uri!r}: try again.")

    def _require_same_store(self, store: MLStore, index: pl.DataFrame, instead_of: str | None) -> None:
        if index.is_empty():
            return
        newest = index.sort("as_of").row(-1, named=True)
        if instead_of is not None and (newest["as_of"], newest["snapshot_id"]) != (self.as_of, instead_of):
            raise OtherBucketsError(
                f"The newest snapshot of the ML store {store.uri!r} was built anew meanwhile: run "
                "`python -m features.rebucket` again."
            )
        if instead_of is None and newest["num_buckets"] != self.num_buckets:
            raise OtherBucketsError(
                f"The ML store {store.uri!r} has {newest['num_buckets']} user buckets by now, and this snapshot was "
                f"made in {self.num_buckets}: run `python -m features.rebuild` again."
            )


def read_newest_row(store: MLStore) -> IndexRow | None:
    """Return the index's row of the newest snapshot; None before there is any.

    Raises:
        StoreError: the store cannot be read.
    """
    if not store.exists(INDEX):
        return None
    with store.explained(INDEX):
        index = store.scan(INDEX).sort("as_of").tail(1).collect()
    for row in index.iter_rows(named=True):
        known = {item.name: row[item.name] for item in fields(IndexRow) if item.name in row}
        return IndexRow(**{**known, "partition": name_rows(row), "snapshot_id": row.get("snapshot_id") or ""})
    return None


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
