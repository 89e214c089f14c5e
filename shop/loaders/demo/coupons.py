"""The demo shop's coupons, told as honestly as our table can.

In the data set one coupon of one campaign covers 1 to 14,477 products; ours covers a product, a category or the shop.
So each (coupon, campaign) becomes one coupon: on its product where it has one, otherwise on the category of most of
its products (of 1,197 coupons 1,113 cover products of one category only). It is worth what it took off at the till
in the median, where a redemption can be found there, else the median of all.

Coupons of campaigns B and C went to every recipient. Of those of type A each recipient got 16, chosen by the
retailer and not recorded, so that only the redeemed ones are known to have been issued: only these are loaded.
"""

import polars as pl

from shop.loaders.completion import from_cents
from shop.loaders.demo.source import DemoSource

SELECTIVE_TYPE = "Type A"


def build_coupons(source: DemoSource, category_ids: pl.DataFrame, types: pl.DataFrame) -> pl.DataFrame:
    """Make the canonical coupons.

    Args:
        source: the data set.
        category_ids: category (name), category_id.
        types: product_id, product_type (readable), to name the coupons.

    Returns:
        The columns of `coupons` but for time stamps, and the two keys of the data set (coupon_upc, campaign_id).
    """
    covered = source.coupons.join(source.products.select("product_id", "category"), on="product_id")
    covered = covered.join(category_ids, on="category").join(types, on="product_id")
    by = ["coupon_upc", "campaign_id"]
    scopes = (
        covered.sort("product_id")
        .group_by(by)
        .agg(
            num_products=pl.col("product_id").n_unique(),
            only_product=pl.col("product_id").first(),
            category_id=pl.col("category_id").mode().min(),
            num_types=pl.col("product_type").n_unique(),
            only_type=pl.col("product_type").first(),
        )
    )
    scopes = scopes.join(category_ids, on="category_id").join(source.campaigns, on="campaign_id")
    scopes = scopes.join(_find_values(source), on=by, how="left").sort("campaign_id", "coupon_upc")
    one_product, one_type = pl.col("num_products") == 1, pl.col("num_types") == 1
    value = from_cents(pl.col("value_cents").fill_null(pl.col("value_cents").median()).cast(pl.Int64))
    subject = pl.when(one_type).then("only_type").otherwise("category")
    return scopes.with_columns(discount_value=value).select(
        *by,
        coupon_id=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        code=pl.format("C{}-{}", "campaign_id", "coupon_upc"),
        name=pl.format("{} off {}", pl.col("discount_value").cast(pl.Decimal(12, 2)), subject),
        discount_type=pl.lit("amount"),
        discount_value="discount_value",
        valid_from="starts_at",
        valid_until="ends_at",
        product_id=pl.when(one_product).then("only_product"),
        category_id=pl.when(~one_product).then("category_id"),
    )


def build_user_coupons(source: DemoSource, coupons: pl.DataFrame) -> pl.DataFrame:
    """Issue the coupons to the recipients of their campaigns, and mark the redeemed ones.

    A redemption names no order. It is linked to the order of that household and day on which a coupon of one of its
    products took money off; without such an order it keeps its day and no order.

    Returns:
        The columns of `user_coupons` but for time stamps.
    """
    keys = coupons.select("coupon_upc", "campaign_id", "coupon_id", "valid_from")
    selective = source.campaigns.filter(pl.col("campaign_type") == SELECTIVE_TYPE)
    issued = source.recipients.join(selective, on="campaign_id", how="anti").join(keys, on="campaign_id")
    used = _link_orders(source).join(keys, on=["coupon_upc", "campaign_id"])
    unused = issued.join(used, on=["household_id", "coupon_id"], how="anti").with_columns(
        used_at=pl.lit(None, pl.Datetime("us", "UTC")), order_id=pl.lit(None, pl.Int64)
    )
    columns = ["household_id", "coupon_id", "valid_from", "used_at", "order_id"]
    held = pl.concat([unused.select(columns), used.select(columns)]).sort("valid_from", "household_id", "coupon_id")
    return held.rename({"household_id": "user_id", "valid_from": "issued_at"})


def _find_values(source: DemoSource) -> pl.DataFrame:
    """Find what each coupon took off, in cents, as the median over the tills where it can be seen."""
    seen = _find_redeemed_lines(source)
    return seen.group_by("coupon_upc", "campaign_id").agg(value_cents=pl.col("unit_cents").median())


def _find_redeemed_lines(source: DemoSource) -> pl.DataFrame:
    """Match redemptions with lines of the same household and day whose product the coupon covers."""
    day = pl.col("ordered_at").dt.date().alias("day")
    lines = source.lines.filter(pl.col("coupon_cents") > 0).with_columns(
        day, unit_cents=pl.col("coupon_cents") / pl.col("quantity")
    )
    redemptions = source.redemptions.with_columns(pl.col("redeemed_at").dt.date().alias("day"))
    return redemptions.join(source.coupons, on=["coupon_upc", "campaign_id"]).join(
        lines, on=["household_id", "product_id", "day"]
    )


def _link_orders(source: DemoSource) -> pl.DataFrame:
    """Give each redemption its order and the order's time, where they can be told."""
    by = ["household_id", "coupon_upc", "campaign_id", "redeemed_at"]
    found = _find_redeemed_lines(source).sort("ordered_at").group_by(by).agg(pl.col("ordered_at", "basket_id").first())
    linked = source.redemptions.join(found, on=by, how="left", maintain_order="left")
    return linked.with_columns(used_at=pl.coalesce("ordered_at", "redeemed_at"), order_id=pl.col("basket_id"))
