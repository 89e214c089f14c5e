"""Spreads the lines of orders over the user buckets, a range of orders at a time, so that a bucket is read alone."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
import polars as pl

from features.snapshot.buckets import assign_bucket
from features.snapshot.lines import OrderRange, lie_below, number_baskets, scan_lines, scan_orders, scan_users
from features.snapshot.workspace import Workspace
from features.store import MLStore

LINES_AT_ONCE = 2_000_000
"""Lines of orders that are in memory at once, about 0.5 KB each; a shop with fewer is taken whole."""

SAMPLED_ORDERS = 100_000


def count_lines(store: MLStore, versions: Mapping[str, int]) -> int:
    """Count the rows of order_items, all their versions, from the table's log alone."""
    actions = pl.DataFrame(store.open("order_items", versions["order_items"]).get_add_actions(flatten=True))
    return int(actions["num_records"].sum()) if actions.height else 0


def fit_in_memory(num_lines: int) -> bool:
    """Return whether so many lines may be in memory at once."""
    return num_lines <= LINES_AT_ONCE


def split_buckets(num_buckets: int, num_lines: int) -> list[range]:
    """Put buckets together, as many as hold LINES_AT_ONCE."""
    at_once = max(num_buckets * LINES_AT_ONCE // max(num_lines, 1), 1)
    return [range(first, min(first + at_once, num_buckets)) for first in range(0, num_buckets, at_once)]


def spread_lines(
    store: MLStore, as_of: datetime, versions: Mapping[str, int], num_buckets: int, workspace: Workspace
) -> list[str]:
    """Write the lines of all orders before an instant, sorted by bucket within each file.

    Returns:
        Names of the files.
    """
    least = scan_users(store, as_of, versions).select(pl.col("user_id").min()).collect()["user_id"]
    below = lie_below(least.drop_nulls())
    paths = []
    for orders in _split_orders(store, as_of, versions):
        lines = scan_lines(store, as_of, versions, orders).collect()
        numbered = number_baskets(lines.with_columns(is_guest=pl.col("user_id").is_null()), below)
        below = min([below, *numbered.filter("is_guest")["user_id"].sort().head(1)])
        rows = numbered.with_columns(assign_bucket(pl.col("user_id"), num_buckets)).sort("bucket")
        paths.append(workspace.write_frame("lines", rows))
    return paths


def read_lines(workspace: Workspace, paths: list[str], buckets: range) -> pl.LazyFrame:
    """Read the lines of some buckets, those of guests with is_guest."""
    inside = pl.col("bucket").is_between(buckets.start, buckets.stop - 1)
    return workspace.scan_frames(paths).filter(inside).drop("bucket")


def _split_orders(store: MLStore, as_of: datetime, versions: Mapping[str, int]) -> Iterator[OrderRange]:
    """Cut the orders at ids between which lie about LINES_AT_ONCE lines each, ascending."""
    num_ranges = -(-count_lines(store, versions) // LINES_AT_ONCE)
    orders = scan_orders(store, as_of, versions)
    every = max(int(orders.select(pl.len()).collect().item()) // SAMPLED_ORDERS, 1)
    sample = orders.filter(pl.col("order_id").hash() % every == 0).select(pl.col("order_id").sort()).collect()
    ids = sample["order_id"].to_numpy()
    cuts = np.unique(ids[np.arange(1, num_ranges) * len(ids) // max(num_ranges, 1)]).tolist() if len(ids) else []
    yield from (OrderRange(first, end) for first, end in zip([None, *cuts], [*cuts, None], strict=True))
