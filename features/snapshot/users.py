"""Features of users, and of users with categories. Source: purchases before as_of."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from features.definitions import window_days
from features.snapshot.aggregates import DAYS, Grouping, aggregate, lately, mean_interval, select_declared
from features.snapshot.purchases import Purchases

PRICE = pl.col("value") / pl.col("quantity")


def build_user_features(purchases: Purchases, categories: pl.DataFrame | None = None) -> pl.DataFrame:
    """Describe each user known as of the instant; one without purchases has nulls, filled by the missing rules.

    Args:
        purchases: those before as_of.
        categories: as `describe_categories` gives them, of these purchases if not given.

    Returns:
        user_id (sorted), priced_lines (float32, those whose price enters user_price_level) and the `user` features of
        definitions.py, float32, null = missing.
    """
    categories = describe_categories(purchases.lines) if categories is None else categories
    coupons = purchases.coupons_used.group_by("user_id").agg(user_coupons_used=pl.len())
    features = (
        purchases.user_ids.join(_describe_orders(purchases.lines), on="user_id", how="left", maintain_order="left")
        .join(_describe_lines(purchases.lines, categories), on="user_id", how="left", maintain_order="left")
        .join(coupons, on="user_id", how="left", maintain_order="left")
        .with_columns(pl.col("priced_lines").fill_null(0).cast(pl.Float32))
    )
    return select_declared(features, ["user_id", "priced_lines"], "user")


def _describe_orders(lines: pl.DataFrame) -> pl.DataFrame:
    baskets, value, discount = Grouping(), pl.col("value"), pl.col("discount")
    features = {
        "ordered_at": baskets.min(pl.col("ordered_at")),  # an order has one
        "days": baskets.min(DAYS),
        "products": baskets.count(),
        "value": baskets.sum(value),
        "discount": baskets.sum(discount),
    }
    orders = baskets.reduce(lines, ["user_id", "order_id"], features)
    rows, trend_days = Grouping(), window_days("user_order_trend")
    interval = mean_interval(rows.max(DAYS), rows.min(DAYS), rows.count())
    features = {
        **aggregate(rows, "user"),
        "user_order_due": rows.min(DAYS) / interval.clip(1),
        "user_order_trend": (lately(rows, 28) + 1) / (lately(rows, trend_days) * (28 / trend_days) + 1),
        "user_basket_products": rows.mean(pl.col("products")),
        "user_basket_value": rows.mean(value),
        "user_discount_share": rows.sum(discount) / rows.sum(value + discount),
        "user_weekend_share": rows.mean(pl.col("ordered_at").dt.weekday() > 5),
        "user_evening_share": rows.mean(pl.col("ordered_at").dt.hour() >= 17),
    }
    return rows.reduce(orders, ["user_id"], features)


def _describe_lines(lines: pl.DataFrame, categories: pl.DataFrame) -> pl.DataFrame:
    level = (PRICE / pl.col("mean_price")).log()
    distinct = pl.col("product_id").n_unique()
    return (
        lines.select("user_id", "product_id", "brand_code", "category_id", "value", "quantity")
        .join(categories.select("category_id", "mean_price"), on="category_id", how="left", maintain_order="left")
        .with_columns(level=pl.when(PRICE > 0).then(level))
        .group_by("user_id", maintain_order=True)
        .agg(
            user_products=distinct,
            user_repeat_share=1 - distinct / pl.len(),
            user_price_level=pl.col("level").mean(),
            priced_lines=pl.col("level").count(),
            user_brand_focus=pl.col("brand_code").unique_counts().max() / pl.len(),
        )
    )


def build_user_category_features(purchases: Purchases, categories: pl.DataFrame | None = None) -> pl.DataFrame:
    """Describe each user with each category that the user bought from.

    Args:
        purchases: those before as_of.
        categories: as `describe_categories` gives them, of these purchases if not given.

    Returns:
        user_id, category_id (sorted, pairs without a purchase absent) and the `user_category` features, float32.
    """
    lines = purchases.lines
    categories = describe_categories(lines) if categories is None else categories
    rows = Grouping()
    begins_order = pl.col("order_id").ne_missing(pl.col("order_id").shift())  # an order's lines stand together
    sums = {
        "all_orders": rows.sum(begins_order),
        "all_lines": rows.count(),
        "all_value": rows.sum(pl.col("value")),
    }
    totals = rows.reduce(lines, ["user_id"], sums)
    keys, visit = ["user_id", "category_id"], Grouping()
    parts = {"days": visit.min(DAYS), "num_lines": visit.count(), "value": visit.sum(pl.col("value"))}
    visits = visit.reduce(lines, [*keys, "order_id"], parts)
    rows = Grouping()
    interval = mean_interval(rows.max(DAYS), rows.min(DAYS), rows.count())
    declared = {
        **aggregate(rows, "user_category"),
        "category_due": rows.min(DAYS) / interval.clip(1),
        "num_lines": rows.sum(pl.col("num_lines")),
        "value": rows.sum(pl.col("value")),
    }
    features = (
        rows.reduce(visits, keys, declared)
        .join(totals, on="user_id", maintain_order="left")
        .join(categories, on="category_id", maintain_order="left")
        .with_columns(
            category_order_share=pl.col("category_orders") / pl.col("all_orders"),
            category_line_share=pl.col("num_lines") / pl.col("all_lines"),
            category_spend_share=pl.when(pl.col("all_value") > 0).then(pl.col("value") / pl.col("all_value")),
        )
    )
    return select_declared(features, keys, "user_category")


@dataclass(frozen=True)
class CategorySums:
    """What the purchases of some users, or of all, come to for each category.

    Attributes:
        prices: category_id, and what there is to add up of its lines.
        buyers: category_id, num_users: those who bought from it within the window of category_reach_28d.
        num_active: users who bought anything within it.
    """

    prices: pl.DataFrame
    buyers: pl.DataFrame
    num_active: int


def describe_categories(lines: pl.DataFrame) -> pl.DataFrame:
    """Describe each category from the lines of all users, as `finish_categories` does."""
    return finish_categories([sum_up_categories(lines)])


def sum_up_categories(lines: pl.DataFrame) -> CategorySums:
    """Sum up what some users bought."""
    recent = lines.filter(window_days("category_reach_28d") > DAYS)
    return CategorySums(
        prices=_average_prices()[0].reduce_part(lines, ["category_id"]),
        buyers=recent.group_by("category_id").agg(num_users=pl.col("user_id").n_unique()),
        num_active=recent["user_id"].n_unique(),
    )


def finish_categories(parts: Sequence[CategorySums]) -> pl.DataFrame:
    """Describe each category for all users: who bought from it lately, and at what prices.

    Args:
        parts: sums of parts of the users, each user in one of them.

    Returns:
        category_id (sorted; every category ever bought from), category_reach_28d (the share of users active within the
        feature's window who bought from it in it), mean_price (of its lines).
    """
    rows, mean_price = _average_prices()
    every = rows.merge_parts([part.prices for part in parts], ["category_id"]).select(
        "category_id", mean_price=mean_price
    )
    num_active = max(sum(part.num_active for part in parts), 1)
    buyers = pl.concat([part.buyers for part in parts]).group_by("category_id").agg(pl.col("num_users").sum())
    reach = buyers.select("category_id", category_reach_28d=pl.col("num_users") / num_active)
    joined = every.join(reach, on="category_id", how="left", maintain_order="left")
    return joined.select("category_id", pl.col("category_reach_28d").fill_null(0.0), "mean_price")


def _average_prices() -> tuple[Grouping, pl.Expr]:
    rows = Grouping(in_parts=True)
    return rows, rows.total(PRICE) / rows.count()
