"""Product features: sales, repurchase, price. Source: purchases before as_of."""

import polars as pl

from features.definitions import list_names
from features.snapshot.purchases import Purchases
from features.snapshot.users import DAYS, decayed, lately, mean_interval

# Repeat rates of products with few buyers are pulled towards the shop's mean, as if this many more buyers had it.
PRIOR_BUYERS = 5.0


def build_product_features(purchases: Purchases) -> pl.DataFrame:
    """Describe each product known as of the instant, sold or not.

    Returns:
        product_id (sorted), category_id, type_code, brand_code, popularity (buyers decayed by their last purchase,
        half-life 28 days, plus a fiftieth of all buyers: it sorts the best sellers), first_sold_at, is_sellable
        (visible and in stock as of the instant), and the `product` features, float32.
    """
    lines = purchases.lines
    features = (
        purchases.products.join(_describe_sales(lines), on="product_id", how="left", maintain_order="left")
        .join(_describe_repeats(lines), on="product_id", how="left", maintain_order="left")
        .join(_describe_prices(lines), on="product_id", how="left", maintain_order="left")
        .with_columns(pl.col("popularity").fill_null(0.0))
        .with_columns(
            product_type_share=_divide(pl.col("popularity"), pl.col("popularity").sum().over("type_code")),
            product_new_share=_divide(pl.col("new_buyers_91d"), pl.col("product_orders_91d")),
            product_type_new_share=_divide(
                pl.col("new_buyers_91d").sum().over("type_code"), pl.col("product_orders_91d").sum().over("type_code")
            ),
        )
    )
    keys = ["product_id", "category_id", "type_code", "brand_code", "popularity", "first_sold_at", "is_sellable"]
    return features.select(*keys, pl.col(list_names("product")).cast(pl.Float32))


def _divide(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)


def _describe_sales(lines: pl.DataFrame) -> pl.DataFrame:
    orders_28d = lately(28)
    orders_before = lately(56) - orders_28d
    sales = lines.group_by("product_id", maintain_order=True).agg(
        product_orders_7d=lately(7),
        product_orders_28d=orders_28d,
        product_orders_91d=lately(91),
        product_trend=((orders_28d + 1) / (orders_before + 1)).log(),
        product_age_days=DAYS.max(),
        product_days_since_sale=DAYS.min(),
        first_sold_at=pl.col("ordered_at").min(),
    )
    return sales.join(_describe_buyers(lines), on="product_id", maintain_order="left")


def _describe_buyers(lines: pl.DataFrame) -> pl.DataFrame:
    """Count each buyer once, by the last purchase: one who takes ten says less about others than ten who take one.

    New ones count by their first: who already buys a product says little about who will try it.
    """
    buyers = lines.group_by("product_id", "user_id", maintain_order=True).agg(days=DAYS.min(), first=DAYS.max())
    first = pl.col("first")
    return buyers.group_by("product_id", maintain_order=True).agg(
        product_buyers=pl.len(),
        product_buyers_7d=lately(7),
        product_buyers_28d=lately(28),
        product_new_buyers_7d=(first < 7).sum(),
        product_new_buyers_28d=(first < 28).sum(),
        new_buyers_91d=(first < 91).sum(),
        popularity=decayed(28) + 0.02 * pl.len(),
    )


def _describe_repeats(lines: pl.DataFrame) -> pl.DataFrame:
    pairs = lines.group_by("product_id", "user_id", maintain_order=True).agg(
        interval=mean_interval(DAYS.max(), DAYS.min(), pl.len()), came_back=pl.len() > 1
    )
    mean = pairs["came_back"].mean()
    prior = float(mean) if isinstance(mean, float) else 0.0
    return pairs.group_by("product_id", maintain_order=True).agg(
        product_repeat_rate=(pl.col("came_back").sum() + PRIOR_BUYERS * prior) / (pl.len() + PRIOR_BUYERS),
        product_interval_days=pl.col("interval").median(),
    )


def _describe_prices(lines: pl.DataFrame) -> pl.DataFrame:
    """Prices are means over pieces, discounts shares of the value before them; a shop without prices has nulls."""
    recent = DAYS < 28
    value, quantity, discount = pl.col("value"), pl.col("quantity"), pl.col("discount")
    quarter = DAYS < 91
    category_price = pl.col("price").mean().over("category_id")
    gross_28d = (value + discount).filter(recent).sum()
    week = DAYS < 7
    gross_7d = (value + discount).filter(week).sum()
    prices = lines.group_by("product_id", "category_id", maintain_order=True).agg(
        price=value.sum() / quantity.sum(),
        product_price=pl.when(quarter.any())
        .then(value.filter(quarter).sum() / quantity.filter(quarter).sum())
        .otherwise(value.sum() / quantity.sum()),
        product_discount_7d=pl.when(gross_7d > 0).then(discount.filter(week).sum() / gross_7d),
        product_discount_28d=pl.when(gross_28d > 0).then(discount.filter(recent).sum() / gross_28d),
    )
    level = pl.when(pl.col("price") > 0).then((pl.col("price") / category_price).log())
    return prices.with_columns(product_price_level=level).drop("price", "category_id")
