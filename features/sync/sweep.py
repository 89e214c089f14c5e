"""Sweep of a large table by turns: its newest key ranges in each run, of the others as many as time allows.

Where the next run goes on is kept in the store's own table `_sweeps`, and not in the metadata of the swept one: so a
run that finds nothing makes no version of it, and what else takes the lease between two syncs moves nothing.
"""

from collections.abc import Mapping

import polars as pl

from features.store import MLStore
from features.store_writing import write_rows
from features.sync.source.sql import KeyRange

SWEEPS_TABLE = "_sweeps"
SCHEMA = pl.Schema({"table": pl.String(), "after_key": pl.Int64()})


def order_ranges(
    ranges: list[KeyRange], num_newest: int, after_key: int | None
) -> tuple[list[KeyRange], list[KeyRange]]:
    """Put ranges into the order in which they are swept.

    Args:
        ranges: all ranges of a table by key; the last one lies above all stored keys.
        num_newest: how many ranges with the largest stored keys are swept in each run.
        after_key: upper end of the range that was swept last of the others; None to begin with the lowest.

    Returns:
        The newest ranges, and the others, beginning where the last run ended.
    """
    older, newest = ranges[: -num_newest - 1], ranges[-num_newest - 1 :]
    start = next((place for place, keys in enumerate(older) if after_key is not None and _is_above(keys, after_key)), 0)
    return newest, [*older[start:], *older[:start]]


def _is_above(keys: KeyRange, after_key: int) -> bool:
    return keys.low is not None and keys.low >= after_key


def load_places(store: MLStore) -> dict[str, int]:
    """Return by table the upper end of the range that was swept last."""
    if not store.exists(SWEEPS_TABLE):
        return {}
    return dict(store.scan(SWEEPS_TABLE).collect().select("table", "after_key").iter_rows())


def save_places(store: MLStore, places: Mapping[str, int]) -> None:
    """Keep where the sweeps of a run ended."""
    rows = pl.DataFrame({"table": list(places), "after_key": list(places.values())}, schema=SCHEMA)
    write_rows(store.table_uri(SWEEPS_TABLE), rows, store.storage_options, mode="overwrite")
