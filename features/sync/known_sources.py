"""Servers and databases that hold the shop which the store follows, by their own ids, in the store's table `_sources`.

A replica that takes over has another id and the same rows: it is compared row by row once, and known from then on. What
has another id and other rows is another shop.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from features.store import MLStore
from features.store_writing import write_rows
from features.sync.source.reader import ShopSnapshot

SOURCES_TABLE = "_sources"
SCHEMA = pl.Schema({"identity": pl.String(), "name": pl.String(), "known_since": pl.Datetime("us", "UTC")})


class KnownSources:
    """The sources that a store knows, beside those that are read now: the shop's database, and the platform's."""

    def __init__(self, store: MLStore, snapshots: Iterable[ShopSnapshot]):
        """Read what the store knows; nothing, if it is new or was written by earlier code."""
        self._store = store
        self._known = store.scan(SOURCES_TABLE).collect() if store.exists(SOURCES_TABLE) else SCHEMA.to_frame()
        self._read = {one.role: (one.session.identity, one.session.name) for one in snapshots}

    def find_move(self, role: str) -> str | None:
        """Say where the shop (or the platform) is now and where it was, if the store knows others and not this one."""
        identity, name = self._read[role]
        if self._known.is_empty() or identity in self._known["identity"]:
            return None
        return f"the {role} is now in {name}, it was in {' or '.join(self._known['name'])}"

    def add(self, *, forget_others: bool) -> None:
        """Know what is read now from now on; `forget_others` when they held another shop."""
        new = [one for one in self._read.values() if one[0] not in self._known["identity"]]
        if not new:
            return
        kept = self._known
        if forget_others:
            kept = kept.filter(pl.col("identity").is_in([identity for identity, _name in self._read.values()]))
        now = datetime.now(UTC)
        rows = pl.concat([kept, pl.DataFrame([(*one, now) for one in new], schema=SCHEMA, orient="row")])
        write_rows(self._store.table_uri(SOURCES_TABLE), rows, self._store.storage_options, mode="overwrite")
