"""Features of a pair (user, product), from the user's history with the product and with products like it.

Two moments: `build_history` runs once a snapshot, over purchases; `assemble_pairs` runs at ranking time, over
candidates, bought or not, and is the same code in training, batch and online.
"""

import numpy as np
import polars as pl

from features.definitions import HISTORY_FEATURES, list_names
from features.ranking.candidates import Candidates
from features.snapshot.arrays import Float32, SnapshotArrays
from features.snapshot.purchases import Purchases
from features.snapshot.users import DAYS, decayed, lately, mean_interval


def build_history(purchases: Purchases, products: pl.DataFrame) -> pl.DataFrame:
    """Describe each user with each product that the user bought.

    Args:
        purchases: those before as_of.
        products: the product features, for the usual interval of products bought only once.

    Returns:
        user_id, product_id (sorted) and HISTORY_FEATURES, float32, null = missing.
    """
    lines = _number_orders(purchases.lines)
    gross = (pl.col("value") + pl.col("discount")).sum()
    since_first = pl.col("num_orders") - pl.col("order_number").min() + 1
    history = (
        lines.group_by("user_id", "product_id", maintain_order=True)
        .agg(
            pair_orders=pl.len(),
            pair_orders_28d=lately(28),
            pair_orders_91d=lately(91),
            pair_quantity=pl.col("quantity").sum(),
            pair_decayed_7d=decayed(7),
            pair_decayed_28d=decayed(28),
            pair_decayed_112d=decayed(112),
            pair_order_share=pl.len() / since_first.first(),
            pair_days_since=DAYS.min(),
            pair_orders_since=pl.col("num_orders").first() - pl.col("order_number").max(),
            pair_discount_share=pl.when(gross > 0).then(pl.col("discount").sum() / gross),
            pair_interval_days=mean_interval(DAYS.max(), DAYS.min(), pl.len()),
        )
        .join(products.select("product_id", "product_interval_days"), on="product_id", maintain_order="left")
    )
    usual = pl.coalesce("pair_interval_days", "product_interval_days").clip(1)
    history = history.with_columns(pair_due=pl.col("pair_days_since") / usual)
    return history.select("user_id", "product_id", pl.col(HISTORY_FEATURES).cast(pl.Float32)).sort(
        "user_id", "product_id"
    )


def _number_orders(lines: pl.DataFrame) -> pl.DataFrame:
    """Number each user's orders in time, 1 for the first; `num_orders` is the number of the last."""
    orders = lines.select("user_id", "ordered_at", "order_id").unique().sort("user_id", "ordered_at", "order_id")
    numbered = orders.with_columns(
        order_number=pl.int_range(1, pl.len() + 1).over("user_id"), num_orders=pl.len().over("user_id")
    )
    return lines.join(numbered.drop("ordered_at"), on=["user_id", "order_id"], maintain_order="left")


def assemble_pairs(arrays: SnapshotArrays, candidates: Candidates) -> Float32:
    """Put the pair features of candidates side by side.

    Args:
        arrays: the snapshot that the candidates were drawn from.
        candidates: P pairs.

    Returns:
        float32[P, number of `pair` features], in the order of definitions.py, NaN = missing.
    """
    features = np.full((candidates.num_pairs, len(list_names("pair"))), np.nan, dtype=np.float32)
    column = {name: index for index, name in enumerate(list_names("pair"))}
    bought = candidates.history_rows >= 0
    own = np.array([column[name] for name in HISTORY_FEATURES])
    features[np.ix_(bought, own)] = arrays.history[candidates.history_rows[bought]]
    features[:, column["pair_together"]] = candidates.together
    features[:, column["pair_together_28d"]] = candidates.together_lately
    features[:, column["pair_type_decayed"]] = candidates.type_decayed
    features[:, column["pair_type_share"]] = candidates.type_share
    features[:, column["pair_brand_decayed"]] = candidates.brand_decayed
    features[:, column["pair_type_brand_decayed"]] = candidates.type_brand_decayed
    features[:, column["pair_type_days_since"]] = candidates.type_days_since
    features[:, column["pair_type_products"]] = candidates.type_products
    knows_type = candidates.type_orders > 0
    variety = candidates.type_products[knows_type] / candidates.type_orders[knows_type]
    features[knows_type, column["pair_type_variety"]] = variety
    own_decayed = np.zeros(candidates.num_pairs, dtype=np.float32)
    own_decayed[bought] = arrays.history_decayed[candidates.history_rows[bought]]
    features[:, column["pair_type_loyalty"]] = own_decayed / np.maximum(candidates.type_decayed, 1e-3)
    features[:, column["pair_alike"]] = candidates.alike
    features[:, column["pair_alike_mean"]] = candidates.alike_mean
    log_prices = arrays.log_prices[candidates.product_rows]
    features[:, column["pair_type_price_gap"]] = log_prices - candidates.type_log_price
    user_level = arrays.user_column("user_price_level")[candidates.user_rows]
    features[:, column["pair_price_gap"]] = arrays.product_column("product_price_level")[candidates.product_rows]
    features[:, column["pair_price_gap"]] -= user_level
    return features
