"""Servers and databases that hold the shop which the store follows, by their own ids, in the store's table `_sources`.

A replica that takes over has another id and the same rows: it is compared row by row once, and known from then on. What
has another id and other rows is another shop.
"""

from datetime import UTC, datetime

import polars as pl
from deltalake import write_deltalake

from features.store import MLStore
from features.sync.source.session import ShopSession

SOURCES_TABLE = "_sources"
SCHEMA = pl.Schema({"identity": pl.String(), "name": pl.String(), "known_since": pl.Datetime("us", "UTC")})


class KnownSources:
    """The sources that a store knows, beside the one that is read now."""

    def __init__(self, store: MLStore, session: ShopSession):
        """Read what the store knows; nothing, if it is new or was written by earlier code."""
        self._store = store
        self._known = store.scan(SOURCES_TABLE).collect() if store.exists(SOURCES_TABLE) else SCHEMA.to_frame()
        self._identity, self._name = session.identity, session.name

    @property
    def move(self) -> str | None:
        """Say where the shop is now and where it was, if the store knows others and not this one."""
        if self._known.is_empty() or self._is_known:
            return None
        return f"the shop is now in {self._name}, it was in {self._known['name'][-1]}"

    @property
    def _is_known(self) -> bool:
        return self._identity in self._known["identity"]

    def add(self, *, forget_others: bool) -> None:
        """Know the one that is read now from now on; `forget_others` when they held another shop."""
        if self._is_known:
            return
        row = pl.DataFrame([[self._identity], [self._name], [datetime.now(UTC)]], schema=SCHEMA)
        rows = row if forget_others else pl.concat([self._known, row])
        uri, options = self._store.table_uri(SOURCES_TABLE), self._store.storage_options
        write_deltalake(uri, rows, mode="overwrite", storage_options=options)
