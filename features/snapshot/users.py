"""Features of users, and of users with categories. Source: purchases before as_of."""

import polars as pl

from features.definitions import window_days
from features.snapshot.aggregates import DAYS, aggregate, lately, mean_interval, select_declared
from features.snapshot.purchases import Purchases


def build_user_features(purchases: Purchases) -> pl.DataFrame:
    """Describe each user known as of the instant; one without purchases has nulls, filled by the missing rules.

    Returns:
        user_id (sorted) and the `user` features of definitions.py, float32, null = missing.
    """
    coupons = purchases.coupons_used.group_by("user_id").agg(user_coupons_used=pl.len())
    features = (
        purchases.user_ids.join(_describe_orders(purchases.lines), on="user_id", how="left", maintain_order="left")
        .join(_describe_lines(purchases.lines), on="user_id", how="left", maintain_order="left")
        .join(coupons, on="user_id", how="left", maintain_order="left")
    )
    return select_declared(features, ["user_id"], "user")


def _describe_orders(lines: pl.DataFrame) -> pl.DataFrame:
    orders = lines.group_by("user_id", "order_id", maintain_order=True).agg(
        pl.col("ordered_at", "days").first(),
        pl.len().alias("basket_products"),
        pl.col("value", "discount").sum(),
    )
    interval = mean_interval(DAYS.max(), DAYS.min(), pl.len())
    trend_days = window_days("user_order_trend")
    return orders.group_by("user_id", maintain_order=True).agg(
        **aggregate("user"),
        user_order_due=DAYS.min() / interval.clip(1),
        user_order_trend=(lately(28) + 1) / (lately(trend_days) * (28 / trend_days) + 1),
        user_basket_products=pl.col("basket_products").mean(),
        user_basket_value=pl.col("value").mean(),
        user_discount_share=pl.col("discount").sum() / (pl.col("value") + pl.col("discount")).sum(),
        user_weekend_share=(pl.col("ordered_at").dt.weekday() > 5).mean(),
        user_evening_share=(pl.col("ordered_at").dt.hour() >= 17).mean(),
    )


def _describe_lines(lines: pl.DataFrame) -> pl.DataFrame:
    price = pl.col("value") / pl.col("quantity")
    level = (price / price.mean().over("category_id")).log()
    distinct = pl.col("product_id").n_unique()
    return (
        lines.with_columns(level=pl.when(price > 0).then(level))
        .group_by("user_id", maintain_order=True)
        .agg(
            user_products=distinct,
            user_repeat_share=1 - distinct / pl.len(),
            user_price_level=pl.col("level").mean(),
            user_brand_focus=pl.col("brand_code").unique_counts().max() / pl.len(),
        )
    )


def build_user_category_features(purchases: Purchases) -> pl.DataFrame:
    """Describe each user with each category that the user bought from.

    Returns:
        user_id, category_id (sorted, pairs without a purchase absent) and the `user_category` features, float32.
    """
    lines = purchases.lines
    totals = lines.group_by("user_id").agg(
        all_orders=pl.col("order_id").n_unique(), all_lines=pl.len(), all_value=pl.col("value").sum()
    )
    visits = lines.group_by("user_id", "category_id", "order_id", maintain_order=True).agg(
        DAYS.first(), pl.len().alias("num_lines"), pl.col("value").sum()
    )
    interval = mean_interval(DAYS.max(), DAYS.min(), pl.len())
    features = (
        visits.group_by("user_id", "category_id", maintain_order=True)
        .agg(
            **aggregate("user_category"),
            category_due=DAYS.min() / interval.clip(1),
            num_lines=pl.col("num_lines").sum(),
            value=pl.col("value").sum(),
        )
        .join(totals, on="user_id", maintain_order="left")
        .join(build_category_reach(lines), on="category_id", maintain_order="left")
        .with_columns(
            category_order_share=pl.col("category_orders") / pl.col("all_orders"),
            category_line_share=pl.col("num_lines") / pl.col("all_lines"),
            category_spend_share=pl.when(pl.col("all_value") > 0).then(pl.col("value") / pl.col("all_value")),
        )
    )
    keys = ["user_id", "category_id"]
    return select_declared(features, keys, "user_category").sort(keys)


def build_category_reach(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the share of users active within the feature's window who bought from each category in it.

    Returns:
        category_id (sorted; every category ever bought from), category_reach_28d.
    """
    recent = lines.filter(window_days("category_reach_28d") > DAYS)
    num_active = max(recent["user_id"].n_unique(), 1)
    reach = recent.group_by("category_id").agg(category_reach_28d=pl.col("user_id").n_unique() / num_active)
    every = lines.select("category_id").unique().sort("category_id")
    joined = every.join(reach, on="category_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("category_reach_28d").fill_null(0.0))
