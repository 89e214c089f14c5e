"""Shoppers' choices as of an instant: lines that were gifts, and products that a shopper does not want listed.

A choice counts from when it was made until it was undone. A store or a set of versions from before there was such a
table knows of none.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from features.store import MLStore
from shop.tables import GIFT, NOT_INTERESTED_PRODUCT, NOT_INTERESTED_TYPE, ShopperChoice

TABLE = ShopperChoice.__tablename__

INSTANT = pl.Datetime("us", "UTC")
GIFT_SCHEMA = pl.Schema({"order_id": pl.Int64(), "product_id": pl.Int64(), "gift_at": INSTANT})
EXCLUSION_SCHEMA = pl.Schema(
    {"user_id": pl.Int64(), "product_id": pl.Int64(), "type_code": pl.Int64(), "made_at": INSTANT}
)


def name_type(category: pl.Expr) -> pl.Expr:
    """Name a product's kind: its type, or its category where the shop names none."""
    is_named = pl.col("product_type") != ""
    return pl.coalesce(pl.when(is_named).then("product_type"), pl.format("category {}", category))


def load_gifts(store: MLStore, as_of: datetime, versions: Mapping[str, int] | None) -> pl.DataFrame:
    """Read which lines of orders were gifts.

    Returns:
        order_id, product_id (each pair once), gift_at (when that was said).
    """
    if not _has_choices(store, versions):
        return pl.DataFrame(schema=GIFT_SCHEMA)
    gifts = _choices(store, as_of, versions).filter(pl.col("kind") == GIFT)
    columns = ("order_id", "product_id", pl.col("made_at").alias("gift_at"))
    return gifts.select(columns).sort("gift_at").unique(["order_id", "product_id"], keep="first").collect()


def load_exclusions(
    store: MLStore, as_of: datetime, versions: Mapping[str, int] | None, types: pl.DataFrame
) -> pl.DataFrame:
    """Read what each user does not want listed: products with their families, and kinds.

    Args:
        store: the ML store.
        as_of: later choices are not looked at.
        versions: table versions to read; the newest if it is None.
        types: product_type (as `name_type` names it) and type_code of all products.

    Returns:
        user_id, product_id, type_code, made_at: of product_id and type_code one is null; sorted.
    """
    if not _has_choices(store, versions):
        return pl.DataFrame(schema=EXCLUSION_SCHEMA)
    choices = _choices(store, as_of, versions).collect()
    of_products = choices.filter(pl.col("kind") == NOT_INTERESTED_PRODUCT).select("user_id", "product_id", "made_at")
    of_types = (
        choices.filter(pl.col("kind") == NOT_INTERESTED_TYPE)
        .select("user_id", "made_at", product_type=name_type(pl.col("category_id")))
        .join(types.unique(), on="product_type")
    )
    families = store.as_of("products", as_of, versions).select("product_id", "family_id").drop_nulls().collect()
    variants = of_products.join(families, on="product_id").drop("product_id").join(families, on="family_id")
    found = pl.concat([of_products, variants.drop("family_id"), of_types.drop("product_type")], how="diagonal_relaxed")
    keys = ["user_id", "product_id", "type_code"]
    complete = pl.concat([pl.DataFrame(schema=EXCLUSION_SCHEMA), found], how="diagonal_relaxed")
    return complete.sort(*keys, "made_at").unique(keys, keep="first", maintain_order=True)


def _has_choices(store: MLStore, versions: Mapping[str, int] | None) -> bool:
    return store.exists(TABLE) if versions is None else TABLE in versions


def _choices(store: MLStore, as_of: datetime, versions: Mapping[str, int] | None) -> pl.LazyFrame:
    """Read the choices that held just before an instant."""
    held = pl.col("undone_at").is_null() & (pl.col("made_at") < as_of)
    return store.as_of(TABLE, as_of, versions).filter(held)
