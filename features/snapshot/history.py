"""History of pairs: what a user bought, computed once a snapshot, and what guests bought together."""

import polars as pl

from features.definitions import HISTORY_FEATURES
from features.snapshot.aggregates import DAYS, Grouping, aggregate, select_declared
from features.snapshot.purchases import Purchases


def build_pairs(purchases: Purchases) -> pl.DataFrame:
    """Describe who bought what, each guest's basket as a buyer: what features of products and of pairs stand on.

    Returns:
        user_id, product_id (sorted), first and days (ages of the first and of the last purchase), times (orders that
        hold the product), gross (money before discounts), and those of HISTORY_FEATURES that the user's purchases alone
        give.
    """
    rows, number = Grouping(), pl.col("order_number")
    last_order = rows.max(pl.col("last_order"))  # a user has one
    features = {
        "first": rows.max(DAYS),
        "days": rows.min(DAYS),
        "times": rows.count(),
        **aggregate(rows, "pair"),
        "pair_order_share": rows.count() / (last_order - rows.min(number) + 1),
        "pair_orders_since": last_order - rows.max(number),
        "gross": rows.sum(pl.col("value") + pl.col("discount")),
    }
    return rows.reduce(_number_orders(purchases.all_lines), ["user_id", "product_id"], features)


def date_pairs(purchases: Purchases) -> pl.DataFrame:
    """Say when who bought what, each guest's basket as a buyer: what sums over users need of `build_pairs`.

    Returns:
        user_id, product_id (sorted), first, days, times, as `build_pairs` has them.
    """
    rows = Grouping()
    features = {"first": rows.max(DAYS), "days": rows.min(DAYS), "times": rows.count()}
    return rows.reduce(purchases.all_lines, ["user_id", "product_id"], features)


def build_history(purchases: Purchases, pairs: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Describe each user with each product that the user bought.

    Args:
        purchases: those before as_of.
        pairs: who bought what of them.
        products: the product features, for the usual interval of products bought only once.

    Returns:
        user_id, product_id (sorted), gross (money before discounts, float32) and HISTORY_FEATURES, float32, null =
        missing.
    """
    history = purchases.keep_shoppers(pairs).join(
        products.select("product_id", "product_interval_days"), on="product_id", maintain_order="left"
    )
    usual = pl.coalesce("pair_interval_days", "product_interval_days").clip(1)
    history = history.with_columns(pl.col("gross").cast(pl.Float32), pair_due=pl.col("pair_days_since") / usual)
    return select_declared(history, ["user_id", "product_id", "gross"], "pair", HISTORY_FEATURES)


def list_guest_baskets(purchases: Purchases) -> pl.DataFrame:
    """List what guests bought, as `build_neighbours` takes it; a basket of one product tells nothing.

    Returns:
        user_id (one a basket), product_id, pair_days_since.
    """
    lines = purchases.guest_lines.filter(pl.len().over("user_id") > 1)
    return lines.select("user_id", "product_id", pair_days_since=pl.col("days").cast(pl.Float32))


def _number_orders(lines: pl.DataFrame) -> pl.DataFrame:
    """Number the orders in time; `last_order` is the number of the user's last."""
    numbered = lines.with_columns(order_number=pl.col("order_id").rle_id())  # an order's lines stand together
    return numbered.with_columns(last_order=pl.col("order_number").max().over("user_id"))
