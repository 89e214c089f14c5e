"""History of pairs: what a user bought, computed once a snapshot, and what guests bought together."""

import polars as pl

from features.definitions import HISTORY_FEATURES
from features.snapshot.aggregates import aggregate, select_declared
from features.snapshot.purchases import Purchases


def build_history(purchases: Purchases, products: pl.DataFrame) -> pl.DataFrame:
    """Describe each user with each product that the user bought.

    Args:
        purchases: those before as_of.
        products: the product features, for the usual interval of products bought only once.

    Returns:
        user_id, product_id (sorted) and HISTORY_FEATURES, float32, null = missing.
    """
    lines = _number_orders(purchases.lines)
    num_orders, number = pl.col("num_orders").max(), pl.col("order_number")  # a group has one num_orders
    history = (
        lines.group_by("user_id", "product_id", maintain_order=True)
        .agg(
            **aggregate("pair"),
            pair_order_share=pl.len() / (num_orders - number.min() + 1),
            pair_orders_since=num_orders - number.max(),
        )
        .join(products.select("product_id", "product_interval_days"), on="product_id", maintain_order="left")
    )
    usual = pl.coalesce("pair_interval_days", "product_interval_days").clip(1)
    history = history.with_columns(pair_due=pl.col("pair_days_since") / usual)
    keys = ["user_id", "product_id"]
    return select_declared(history, keys, "pair", HISTORY_FEATURES).sort(keys)


def list_guest_baskets(purchases: Purchases) -> pl.DataFrame:
    """List what guests bought, as `build_neighbours` takes it; a basket of one product tells nothing.

    Returns:
        user_id (one a basket), product_id, pair_days_since.
    """
    lines = purchases.guest_lines.filter(pl.len().over("user_id") > 1)
    return lines.select("user_id", "product_id", pair_days_since=pl.col("days").cast(pl.Float32))


def _number_orders(lines: pl.DataFrame) -> pl.DataFrame:
    """Number each user's orders in time, 1 for the first; `num_orders` is the number of the last."""
    orders = lines.select("user_id", "ordered_at", "order_id").unique().sort("user_id", "ordered_at", "order_id")
    numbered = orders.with_columns(
        order_number=pl.int_range(1, pl.len() + 1).over("user_id"), num_orders=pl.len().over("user_id")
    )
    return lines.join(numbered.drop("ordered_at"), on=["user_id", "order_id"], maintain_order="left")
