"""Rows of snapshots in the store's tables: each writing has a partition of its own, and the index says which counts."""

import polars as pl

from features.snapshot.complements import SCHEMA as COMPLEMENTS
from features.store import MLStore

_SORT_KEYS = {
    "users": ["user_id"],
    "user_categories": ["user_id", "category_id"],
    "history": ["user_id", "product_id"],
    "products": ["product_id"],
    "categories": ["category_id"],
    "neighbours": ["product_id", "neighbour_id"],
    "tastes": ["product_id"],
    "exclusions": ["user_id", "product_id", "type_code"],
    "complements": ["product_id", "neighbour_id"],
}
LATER: dict[str, pl.Schema] = {
    "exclusions": pl.Schema(
        {"user_id": pl.Int64(), "product_id": pl.Int64(), "type_code": pl.Int64(), "bucket": pl.Int32()}
    ),
    "complements": COMPLEMENTS,
}
"""Tables that snapshots from before lack, with the columns of an empty one."""

TOTALS = {"users": ["priced_lines"], "categories": ["mean_price"], "history": ["gross"]}
"""Columns beside the features, of what no feature tells: with them features/snapshot/orders_since.py keeps features up.

Snapshots from before lack them; beside others they read as null, and are left out again."""


def write_table(store: MLStore, table: str, frame: pl.DataFrame, partition: str) -> None:
    """Write all rows that a table has of a snapshot, in place of those that were there."""
    partitions = ["as_of", "bucket"] if "bucket" in frame.columns else ["as_of"]
    frame = frame.with_columns(as_of=pl.lit(partition))
    store.overwrite(f"snapshot_{table}", frame, partition_by=partitions, where={"as_of": partition})


def read_table(store: MLStore, table: str, partition: str, users: pl.Expr) -> pl.DataFrame:
    """Read the rows that a table has of a snapshot, in the table's order.

    Args:
        store: the ML store.
        table: one of TABLES.
        partition: that the index names.
        users: which rows of a table that has user buckets.
    """
    if table in LATER and not store.exists(f"snapshot_{table}"):
        return pl.DataFrame(schema=LATER[table])
    rows = store.scan(f"snapshot_{table}", partition=partition)
    if "bucket" in rows.collect_schema().names():
        rows = rows.filter(users)
    frame = rows.drop("as_of").sort(_SORT_KEYS[table]).collect()
    frame = _complete_products(frame) if table == "products" else frame
    if all(frame[name].null_count() == frame.height > 0 for name in TOTALS.get(table, ()) if name in frame.columns):
        return frame.drop(TOTALS.get(table, ()), strict=False)
    return frame


def _complete_products(products: pl.DataFrame) -> pl.DataFrame:
    """Read a snapshot from before there was the column is_sellable: its products were all ranked."""
    known = pl.col("is_sellable") if "is_sellable" in products.columns else pl.lit(None, pl.Boolean)
    return products.with_columns(is_sellable=known.fill_null(True))
