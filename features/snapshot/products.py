"""Product features: sales, repurchase, price. Source: purchases before as_of.

Sales, buyers and prices count guests too, each basket as a buyer; who is new and who comes back only shoppers can tell.
"""

import polars as pl

from features.definitions import window_days
from features.snapshot.aggregates import DAYS, aggregate, decayed, divide, lately, mean_interval, select_declared
from features.snapshot.purchases import Purchases

# Shares of new buyers: of the product, and of its type.
NEW_SHARES = ("product_new_share", "product_type_new_share")
# Repeat rates of products with few buyers are pulled towards the shop's mean, as if this many more buyers had it.
PRIOR_BUYERS = 5.0


def build_product_features(purchases: Purchases) -> pl.DataFrame:
    """Describe each product known as of the instant, sold or not.

    Returns:
        product_id (sorted), category_id, type_code, brand_code, popularity (buyers decayed by their last purchase,
        half-life 28 days, plus a fiftieth of all buyers: it sorts the best sellers), first_sold_at, is_sellable
        (visible and in stock as of the instant), and the `product` features, float32.
    """
    lines, all_lines = purchases.lines, purchases.all_lines
    pairs = lines.group_by("product_id", "user_id", maintain_order=True).agg(
        first=DAYS.max(), last=DAYS.min(), times=pl.len()
    )
    features = (
        purchases.products.join(_describe_sales(all_lines), on="product_id", how="left", maintain_order="left")
        .join(_describe_buyers(all_lines), on="product_id", how="left", maintain_order="left")
        .join(_describe_newcomers(lines, pairs), on="product_id", how="left", maintain_order="left")
        .join(_describe_repeats(pairs), on="product_id", how="left", maintain_order="left")
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
    half = window_days("product_trend") / 2
    orders_before = lately(2 * half) - lately(half)
    return lines.group_by("product_id", maintain_order=True).agg(
        **aggregate("product", ["count", "first", "last"]),
        product_trend=((lately(half) + 1) / (orders_before + 1)).log(),
        first_sold_at=pl.col("ordered_at").min(),
    )


def _describe_buyers(lines: pl.DataFrame) -> pl.DataFrame:
    """Count each buyer once, by the last purchase: one who takes ten says less about others than ten who take one."""
    buyers = lines.group_by("product_id", "user_id", maintain_order=True).agg(DAYS.min())
    return buyers.group_by("product_id", maintain_order=True).agg(
        **aggregate("product", ["buyers"]),
        popularity=decayed(window_days("product_type_share")) + 0.02 * pl.len(),
    )


def _describe_newcomers(lines: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Count each buyer by the first purchase: who already buys a product says little about who will try it."""
    new = pairs.group_by("product_id", maintain_order=True).agg(
        **aggregate("product", ["new_buyers"]),
        **{f"new:{name}": lately(window_days(name), pl.col("first")) for name in NEW_SHARES},
    )
    orders = lines.group_by("product_id").agg(**{f"all:{name}": lately(window_days(name)) for name in NEW_SHARES})
    return new.join(orders, on="product_id", maintain_order="left")


def _describe_repeats(pairs: pl.DataFrame) -> pl.DataFrame:
    first, last, times = pl.col("first"), pl.col("last"), pl.col("times")
    pairs = pairs.with_columns(interval=mean_interval(first, last, times), came_back=times > 1)
    mean = pairs["came_back"].mean()
    prior = float(mean) if isinstance(mean, float) else 0.0
    return pairs.group_by("product_id", maintain_order=True).agg(
        product_repeat_rate=(pl.col("came_back").sum() + PRIOR_BUYERS * prior) / (pl.len() + PRIOR_BUYERS),
        product_interval_days=pl.col("interval").median(),
    )


def _describe_prices(lines: pl.DataFrame) -> pl.DataFrame:
    """Prices are means over pieces, discounts shares of the value before them; a shop without prices has nulls."""
    value, quantity = pl.col("value"), pl.col("quantity")
    recent = window_days("product_price") > DAYS
    category_price = pl.col("price").mean().over("category_id")
    prices = lines.group_by("product_id", "category_id", maintain_order=True).agg(
        **aggregate("product", ["discount_share"]),
        price=value.sum() / quantity.sum(),
        product_price=pl.when(recent.any())
        .then(value.filter(recent).sum() / quantity.filter(recent).sum())
        .otherwise(value.sum() / quantity.sum()),
    )
    level = pl.when(pl.col("price") > 0).then((pl.col("price") / category_price).log())
    return prices.with_columns(product_price_level=level).drop("price", "category_id")
