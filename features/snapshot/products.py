"""Product features: sales, repurchase, price. Source: purchases before as_of.

Sales, buyers and prices count guests too, each basket as a buyer; who is new and who comes back only shoppers can tell.
"""

import polars as pl

from features.definitions import window_days
from features.snapshot.aggregates import (
    DAYS,
    Grouping,
    aggregate,
    decayed,
    divide,
    lately,
    mean_interval,
    select_declared,
)
from features.snapshot.purchases import Purchases

# Shares of new buyers: of the product, and of its type.
NEW_SHARES = ("product_new_share", "product_type_new_share")
# Repeat rates of products with few buyers are pulled towards the shop's mean, as if this many more buyers had it.
PRIOR_BUYERS = 5.0


def build_product_features(purchases: Purchases, pairs: pl.DataFrame) -> pl.DataFrame:
    """Describe each product known as of the instant, sold or not.

    Args:
        purchases: those before as_of.
        pairs: who bought what of them, as `build_pairs` gives it.

    Returns:
        product_id (sorted), category_id, type_code, brand_code, popularity (buyers decayed by their last purchase,
        half-life 28 days, plus a fiftieth of all buyers: it sorts the best sellers), first_sold_at, is_sellable
        (visible and in stock as of the instant), and the `product` features, float32.
    """
    lines, all_lines = purchases.lines, purchases.all_lines
    shoppers_pairs = purchases.keep_shoppers(pairs)
    features = (
        purchases.products.join(_describe_sales(all_lines), on="product_id", how="left", maintain_order="left")
        .join(_describe_buyers(pairs), on="product_id", how="left", maintain_order="left")
        .join(_describe_newcomers(lines, shoppers_pairs), on="product_id", how="left", maintain_order="left")
        .join(_describe_repeats(shoppers_pairs), on="product_id", how="left", maintain_order="left")
        .join(_describe_prices(all_lines), on="product_id", how="left", maintain_order="left")
        .with_columns(pl.col("popularity").fill_null(0.0))
        .with_columns(
            product_type_share=divide(pl.col("popularity"), pl.col("popularity").sum().over("type_code")),
            product_new_share=divide(pl.col("new:product_new_share"), pl.col("all:product_new_share")),
            product_type_new_share=divide(
                pl.col("new:product_type_new_share").sum().over("type_code"),
                pl.col("all:product_type_new_share").sum().over("type_code"),
            ),
        )
    )
    keys = ["product_id", "category_id", "type_code", "brand_code", "popularity", "first_sold_at", "is_sellable"]
    return select_declared(features, keys, "product")


def _describe_sales(lines: pl.DataFrame) -> pl.DataFrame:
    rows, half = Grouping(), window_days("product_trend") / 2
    orders, orders_before = lately(rows, half), lately(rows, 2 * half) - lately(rows, half)
    features = {
        **aggregate(rows, "product", ["count", "first", "last"]),
        "product_trend": ((orders + 1) / (orders_before + 1)).log(),
        "first_sold_at": rows.min(pl.col("ordered_at")),
    }
    return rows.reduce(lines, ["product_id"], features)


def _describe_buyers(pairs: pl.DataFrame) -> pl.DataFrame:
    """Count each buyer once, by the last purchase: one who takes ten says less about others than ten who take one."""
    rows = Grouping()
    features = {
        **aggregate(rows, "product", ["buyers"]),
        "popularity": decayed(rows, window_days("product_type_share")) + 0.02 * rows.count(),
    }
    return rows.reduce(pairs, ["product_id"], features)


def _describe_newcomers(lines: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Count each buyer by the first purchase: who already buys a product says little about who will try it."""
    buyers, orders = Grouping(), Grouping()
    new = {f"new:{name}": lately(buyers, window_days(name), pl.col("first")) for name in NEW_SHARES}
    new |= aggregate(buyers, "product", ["new_buyers"])
    every = {f"all:{name}": lately(orders, window_days(name)) for name in NEW_SHARES}
    described = buyers.reduce(pairs, ["product_id"], new)
    return described.join(orders.reduce(lines, ["product_id"], every), on="product_id", maintain_order="left")


def _describe_repeats(pairs: pl.DataFrame) -> pl.DataFrame:
    times = pl.col("times")
    mean = pairs.select((times > 1).mean()).item()
    prior = float(mean) if isinstance(mean, float) else 0.0
    rows = Grouping()
    features = {
        "product_repeat_rate": (rows.sum(times > 1) + PRIOR_BUYERS * prior) / (rows.count() + PRIOR_BUYERS),
        "product_interval_days": rows.median(mean_interval(pl.col("first"), DAYS, times)),
    }
    return rows.reduce(pairs, ["product_id"], features)


def _describe_prices(lines: pl.DataFrame) -> pl.DataFrame:
    """Prices are means over pieces, discounts shares of the value before them; a shop without prices has nulls."""
    rows, value, quantity = Grouping(), pl.col("value"), pl.col("quantity")
    is_recent = window_days("product_price") > DAYS
    price = rows.sum(value) / rows.sum(quantity)
    recent_price = rows.sum(pl.when(is_recent).then(value)) / rows.sum(pl.when(is_recent).then(quantity))
    features = {
        **aggregate(rows, "product", ["discount_share"]),
        "price": price,
        "product_price": pl.when(rows.sum(is_recent) > 0).then(recent_price).otherwise(price),
    }
    prices = rows.reduce(lines, ["product_id", "category_id"], features)
    category_price = pl.col("price").mean().over("category_id")
    level = pl.when(pl.col("price") > 0).then((pl.col("price") / category_price).log())
    return prices.with_columns(product_price_level=level).drop("price", "category_id")
