"""Pins: table versions that a registered model was made from, and the instant, kept beyond the store's retention.

Whoever trains pins its inputs; `features/maintain.py` drops nothing that is pinned. A pin has an owner, who renews it
while the model is in use and releases it when it is not; one that nobody renewed for PIN_RETENTION is released by
maintenance. The store keeps the pins itself, so that maintenance needs neither the registry nor its network.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl

from features.store import MLStore
from features.store_writing import write_rows

PINS_TABLE = "_pins"
PIN_RETENTION = timedelta(days=180)
RENEW_AFTER = timedelta(days=1)
SCHEMA = pl.Schema(
    {"owner": pl.String(), "as_of": pl.String(), "versions": pl.String(), "pinned_at": pl.Datetime("us", "UTC")}
)


@dataclass(frozen=True)
class Pins:
    """All that is pinned: versions of each table, and instants of snapshots."""

    versions: Mapping[str, frozenset[int]] = field(default_factory=dict)
    as_ofs: frozenset[str] = frozenset()


def pin(store: MLStore, owner: str, versions: Mapping[str, int], as_of: datetime) -> None:
    """Keep these table versions and the snapshot of this instant readable; again for the same owner renews the pin.

    Args:
        store: the ML store.
        owner: who needs them: the model and the fingerprint of its run.
        versions: table versions, as `MLStore.versions()` gave them.
        as_of: the instant of the snapshot.
    """
    _append(store, owner, as_of.isoformat(), json.dumps(dict(versions), sort_keys=True))


def renew(store: MLStore, owner: str) -> None:
    """Say that an owner still needs what it pinned."""
    for row in list_pins(store).filter(owner=owner).iter_rows(named=True):
        _append(store, owner, row["as_of"], row["versions"])


def unpin(store: MLStore, owner: str) -> None:
    """Give up what an owner pinned, when its model is refused, failed, archived or deleted."""
    if store.exists(PINS_TABLE):
        store.open(PINS_TABLE).delete("owner = '{}'".format(owner.replace("'", "''")))


def release_expired(store: MLStore, before: datetime) -> list[str]:
    """Release the pins that nobody renewed since an instant.

    Returns:
        Their owners.
    """
    expired = list_pins(store).filter(pl.col("pinned_at") < before)["owner"].to_list()
    for owner in expired:
        unpin(store, owner)
    return expired


def list_pins(store: MLStore) -> pl.DataFrame:
    """List the pins, one row an owner: owner (sorted), as_of, versions (JSON), pinned_at (when last renewed).

    One of earlier code, which knew no times, counts as renewed now.
    """
    if not store.exists(PINS_TABLE):
        return SCHEMA.to_frame()
    with store.explained(PINS_TABLE):
        rows = store.scan(PINS_TABLE).collect()
    if "pinned_at" not in rows.columns:
        rows = rows.with_columns(pinned_at=pl.lit(None, SCHEMA["pinned_at"]))
    rows = rows.with_columns(pl.col("pinned_at").fill_null(datetime.now(UTC)))
    return rows.sort("owner", "pinned_at").unique("owner", keep="last", maintain_order=True).select(SCHEMA.names())


def load_pins(store: MLStore) -> Pins:
    """Gather what all owners pinned."""
    versions: dict[str, set[int]] = {}
    as_ofs: set[str] = set()
    for row in list_pins(store).iter_rows(named=True):
        as_ofs.add(row["as_of"])
        for table, version in json.loads(row["versions"]).items():
            versions.setdefault(table, set()).add(int(version))
    return Pins({table: frozenset(numbers) for table, numbers in versions.items()}, frozenset(as_ofs))


def _append(store: MLStore, owner: str, as_of: str, versions: str) -> None:
    """Write a row, unless the newest of the owner says the same and is young; appends of many owners never collide."""
    now = datetime.now(UTC)
    same = list_pins(store).filter(owner=owner, as_of=as_of, versions=versions)
    if same.filter(pl.col("pinned_at") > now - RENEW_AFTER).height:
        return
    with store.explained(PINS_TABLE):
        row = pl.DataFrame([(owner, as_of, versions, now)], schema=SCHEMA, orient="row")
        write_rows(store.table_uri(PINS_TABLE), row, store.storage_options, mode="append", schema_mode="merge")
