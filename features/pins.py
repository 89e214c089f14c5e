"""Pins: table versions that a registered model was made from, and the instant, kept beyond the store's retention.

Whoever registers a model pins its inputs; `features/maintain.py` drops nothing that is pinned. The store keeps the pins
itself, so that maintenance needs neither the registry nor its network.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from deltalake import write_deltalake

from features.store import MLStore

PINS_TABLE = "_pins"
SCHEMA = pl.Schema({"owner": pl.String(), "as_of": pl.String(), "versions": pl.String()})


@dataclass(frozen=True)
class Pins:
    """All that is pinned: versions of each table, and instants of snapshots."""

    versions: Mapping[str, frozenset[int]] = field(default_factory=dict)
    as_ofs: frozenset[str] = frozenset()


def pin(store: MLStore, owner: str, versions: Mapping[str, int], as_of: datetime) -> None:
    """Keep these table versions and the snapshot of this instant readable; again for the same owner changes nothing.

    Args:
        store: the ML store.
        owner: who needs them: the model and the fingerprint of its run.
        versions: table versions, as `MLStore.versions()` gave them.
        as_of: the instant of the snapshot.
    """
    row = {"owner": owner, "as_of": as_of.isoformat(), "versions": json.dumps(dict(versions), sort_keys=True)}
    if row not in _read(store).to_dicts():
        write_deltalake(
            store.table_uri(PINS_TABLE),
            pl.DataFrame([row], schema=SCHEMA),
            mode="append",
            storage_options=store.storage_options,
        )


def unpin(store: MLStore, owner: str) -> None:
    """Give up what an owner pinned, when the model is deleted for good."""
    if store.exists(PINS_TABLE):
        store.open(PINS_TABLE).delete("owner = '{}'".format(owner.replace("'", "''")))


def load_pins(store: MLStore) -> Pins:
    """Gather what all owners pinned."""
    versions: dict[str, set[int]] = {}
    as_ofs: set[str] = set()
    for row in _read(store).iter_rows(named=True):
        as_ofs.add(row["as_of"])
        for table, version in json.loads(row["versions"]).items():
            versions.setdefault(table, set()).add(int(version))
    return Pins({table: frozenset(numbers) for table, numbers in versions.items()}, frozenset(as_ofs))


def _read(store: MLStore) -> pl.DataFrame:
    return store.scan(PINS_TABLE).collect() if store.exists(PINS_TABLE) else SCHEMA.to_frame()
