"""Product features: sales, repurchase, price. Source: purchases before as_of.

Sales, buyers and prices count guests too, each basket as a buyer; who is new and who comes back only shoppers can tell.
What is summed up of some users and of others adds up, so that no more than a part of the users is in memory at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
_KEYS = ["product_id"]
Description = tuple[Grouping, dict[str, pl.Expr]]


@dataclass(frozen=True)
class ProductSums:
    """What the purchases of some users, or of all, come to for each product that they bought.

    Attributes:
        sales: of all lines. buyers: of all pairs of buyer and product.
        orders: of shoppers' lines within the windows of NEW_SHARES. newcomers: of shoppers' pairs.
    """

    sales: pl.DataFrame
    buyers: pl.DataFrame
    orders: pl.DataFrame
    newcomers: pl.DataFrame


def build_product_features(purchases: Purchases, pairs: pl.DataFrame) -> pl.DataFrame:
    """Describe each product known as of the instant, sold or not, from the purchases of all users.

    Args:
        purchases: those before as_of.
        pairs: who bought what of them, as `build_pairs` gives it.

    Returns:
        As `describe_products`.
    """
    intervals = find_intervals(list_intervals(purchases, pairs))
    return describe_products(purchases.products, sum_up_products(purchases, pairs), intervals)


def sum_up_products(purchases: Purchases, pairs: pl.DataFrame) -> ProductSums:
    """Sum up what some users bought, arguments as for `build_product_features`."""
    shoppers_pairs = purchases.keep_shoppers(pairs)
    lately_ordered = purchases.lines.filter(max(map(window_days, NEW_SHARES)) > DAYS)
    return ProductSums(
        sales=_describe_sales()[0].reduce_part(purchases.all_lines, _KEYS),
        buyers=_describe_buyers()[0].reduce_part(pairs, _KEYS),
        orders=_describe_orders()[0].reduce_part(lately_ordered, _KEYS),
        newcomers=_describe_newcomers()[0].reduce_part(shoppers_pairs, _KEYS),
    )


def list_intervals(purchases: Purchases, pairs: pl.DataFrame) -> pl.DataFrame:
    """List the mean days between purchases, one row a shopper who came back for a product: product_id, days."""
    interval = mean_interval(pl.col("first"), DAYS, pl.col("times"))
    return purchases.keep_shoppers(pairs).filter(pl.col("times") > 1).select("product_id", days=interval)


def find_intervals(intervals: pl.DataFrame) -> pl.DataFrame:
    """Find the usual interval of each product, the middle one: product_id (sorted), product_interval_days.

    Args:
        intervals: as `list_intervals` gives them, all of a product's.
    """
    return intervals.group_by(_KEYS).agg(product_interval_days=DAYS.median()).sort(_KEYS)


def merge_product_sums(parts: Sequence[ProductSums]) -> ProductSums:
    """Add up the sums of parts of the users, each user in one of them."""
    kinds = {
        "sales": _describe_sales,
        "buyers": _describe_buyers,
        "orders": _describe_orders,
        "newcomers": _describe_newcomers,
    }
    merged = {
        name: describe()[0].merge_parts([getattr(part, name) for part in parts], _KEYS)
        for name, describe in kinds.items()
    }
    return ProductSums(**merged)


def describe_products(products: pl.DataFrame, sums: ProductSums, intervals: pl.DataFrame) -> pl.DataFrame:
    """Describe each product known as of the instant, sold or not.

    Args:
        products: as `Purchases` has them.
        sums: of all users.
        intervals: as `find_intervals` gives them.

    Returns:
        product_id (sorted), category_id, type_code, brand_code, popularity (buyers decayed by their last purchase,
        half-life 28 days, plus a fiftieth of all buyers: it sorts the best sellers), first_sold_at, is_sellable
        (visible and in stock as of the instant), and the `product` features, float32.
    """
    described = products
    for rows, (_, features) in (
        (sums.sales, _describe_sales()),
        (sums.buyers, _describe_buyers()),
        (sums.orders, _describe_orders()),
        (sums.newcomers, _describe_newcomers()),
    ):
        described = described.join(rows.select(*_KEYS, **features), on="product_id", how="left", maintain_order="left")
    finished = (
        described.join(intervals, on="product_id", how="left", maintain_order="left")
        .with_columns(pl.col("popularity").fill_null(0.0))
        .with_columns(
            product_type_share=divide(pl.col("popularity"), pl.col("popularity").sum().over("type_code")),
            product_new_share=divide(pl.col("new:product_new_share"), pl.col("all:product_new_share")),
            product_type_new_share=divide(
                pl.col("new:product_type_new_share").sum().over("type_code"),
                pl.col("all:product_type_new_share").sum().over("type_code"),
            ),
            product_repeat_rate=_shrink_repeat_rates(),
            product_price_level=_compare_prices(),
        )
    )
    keys = ["product_id", "category_id", "type_code", "brand_code", "popularity", "first_sold_at", "is_sellable"]
    return select_declared(finished, keys, "product")


def _describe_sales() -> Description:
    """Prices are means over pieces, discounts shares of the value before them; a shop without prices has nulls."""
    rows, half = Grouping(in_parts=True), window_days("product_trend") / 2
    orders, orders_before = lately(rows, half), lately(rows, 2 * half) - lately(rows, half)
    value, quantity, is_recent = pl.col("value"), pl.col("quantity"), window_days("product_price") > DAYS
    price = rows.total(value) / rows.total(quantity)
    recent_value, recent_quantity = (rows.total(pl.when(is_recent).then(each)) for each in (value, quantity))
    return rows, {
        **aggregate(rows, "product", ["count", "first", "last", "discount_share"]),
        "product_trend": ((orders + 1) / (orders_before + 1)).log(),
        "first_sold_at": rows.min(pl.col("ordered_at")),
        "price": price,
        "product_price": pl.when(rows.sum(is_recent) > 0).then(recent_value / recent_quantity).otherwise(price),
    }


def _describe_buyers() -> Description:
    """Count each buyer once, by the last purchase: one who takes ten says less about others than ten who take one."""
    rows = Grouping(in_parts=True)
    return rows, {
        **aggregate(rows, "product", ["buyers"]),
        "popularity": decayed(rows, window_days("product_type_share")) + 0.02 * rows.count(),
    }


def _describe_orders() -> Description:
    rows = Grouping(in_parts=True)
    return rows, {f"all:{name}": lately(rows, window_days(name)) for name in NEW_SHARES}


def _describe_newcomers() -> Description:
    """Count each buyer by the first purchase: who already buys a product says little about who will try it."""
    rows = Grouping(in_parts=True)
    new = {f"new:{name}": lately(rows, window_days(name), pl.col("first")) for name in NEW_SHARES}
    new |= aggregate(rows, "product", ["new_buyers"])
    return rows, {**new, "num_shoppers": rows.count(), "num_repeating": rows.sum(pl.col("times") > 1)}


def _shrink_repeat_rates() -> pl.Expr:
    shoppers, repeating = pl.col("num_shoppers"), pl.col("num_repeating")
    prior = divide(repeating.sum(), shoppers.sum()).fill_null(0.0)
    return (repeating + PRIOR_BUYERS * prior) / (shoppers + PRIOR_BUYERS)


def _compare_prices() -> pl.Expr:
    price = pl.col("price")
    return pl.when(price > 0).then((price / price.mean().over("category_id")).log())
