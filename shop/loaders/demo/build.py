"""The demo shop: a year of a real grocer's purchases, made into canonical tables.

Ids are the data set's own: user_id = household_id, order_id = basket_id. Nicknames, brands and drawings are
invented (the data hide the real ones), always the same; reviews are not, so there are none.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from shop.loaders.canonical import DTYPES
from shop.loaders.completion import complete_tables, from_cents, recent_prices
from shop.loaders.demo.coupons import build_coupons, build_user_coupons
from shop.loaders.demo.source import DemoSource, find_data_folder, read_demo_source
from shop.loaders.demo.titles import describe_products
from shop.loaders.nicknames import draw_nicknames
from shop.loaders.writing import RowBatch

DEMO_FOLDER = Path(__file__).parent
STOCK_DAYS = 28
SPARE_STOCK = 20
LEAST_PRICE_SHARE = 0.1
"""What was paid below this share of the usual price of its type was given away: a coupon or the last of its kind."""


def find_yesterday() -> date:
    """The last complete day in UTC."""
    return (datetime.now(UTC) - timedelta(days=1)).date()


def build_demo_shop(end_date: date | None) -> Iterator[RowBatch]:
    """Read the data set and hand over the whole shop.

    Args:
        end_date: no purchase is later than this day; None keeps the dates of 2017.
    """
    source = read_demo_source(find_data_folder(), end_date)
    tables = complete_tables(build_demo_tables(source))
    yield from (RowBatch(name, frame) for name, frame in tables.items())


def build_demo_tables(source: DemoSource) -> dict[str, pl.DataFrame]:
    """Make the canonical tables, but for what `complete_tables` fills alike for every shop."""
    categories = _build_categories(source)
    items = _build_items(source)
    products = _build_products(source, categories, items)
    coupons = build_coupons(
        source, categories.select("category_id", category="name"), products.select("product_id", "product_type")
    )
    return {
        "users": _build_users(source),
        "categories": categories,
        "products": products,
        "product_images": products.select("product_id", image_url=IMAGE_URL),
        "orders": _build_orders(source),
        "order_items": items,
        "coupons": coupons.drop("coupon_upc", "campaign_id"),
        "user_coupons": build_user_coupons(source, coupons),
    }


DEPOSIT = "Crv Deposit"
"""What bottle deposits that stand among the drinks are called: a fee on other products, and none to be bought."""

IMAGE_URL = pl.format("/static/images/products/category{}/product{}.svg", "category_id", "product_id")


def _build_users(source: DemoSource) -> pl.DataFrame:
    households = source.households
    return pl.DataFrame({"user_id": households, "nickname": draw_nicknames(len(households))})


def _build_categories(source: DemoSource) -> pl.DataFrame:
    names = source.products["category"].unique().sort()
    return pl.DataFrame({"category_id": range(1, len(names) + 1), "name": names})


def _build_orders(source: DemoSource) -> pl.DataFrame:
    orders = source.lines.group_by("basket_id", maintain_order=True).agg(
        pl.col("household_id", "ordered_at").first(), pl.col("paid_cents").sum()
    )
    return orders.select(
        order_id="basket_id",
        user_id="household_id",
        ordered_at="ordered_at",
        total_amount=from_cents(pl.col("paid_cents")),
    )


def _build_items(source: DemoSource) -> pl.DataFrame:
    """Spell the lines; what was paid for several units is rounded to the cent per unit."""
    unit_cents = (pl.col("paid_cents") / pl.col("quantity")).round(0)
    return source.lines.select(
        order_item_id=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        order_id="basket_id",
        product_id="product_id",
        quantity="quantity",
        unit_price=from_cents(unit_cents.cast(pl.Int64)),
        discount_amount=from_cents(pl.col("discount_cents")),
        ordered_at="ordered_at",
    )


def _build_products(source: DemoSource, categories: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Join texts, category, price and stock.

    The price is what a unit cost lately, members' discount included, as nearly every purchase has it, and the regular
    price what it would have cost without; what never sold, or was all but given away, costs the median of its type, or
    of its category.
    """
    prices, undiscounted = recent_prices(items), recent_prices(_undo_discounts(items))
    products = (
        source.products.select("product_id", "category")
        .join(categories.select("category_id", category="name"), on="category", maintain_order="left")
        .join(describe_products(source.products), on="product_id", maintain_order="left")
        .join(prices, on="product_id", how="left", maintain_order="left")
        .join(undiscounted.rename({"price": "before"}), on="product_id", how="left", maintain_order="left")
        .join(_plan_stock(items), on="product_id", how="left", maintain_order="left")
    )
    price = pl.col("price").cast(pl.Float64)
    is_given_away = price < LEAST_PRICE_SHARE * price.median().over("product_type")
    spare = pl.col("product_id") % SPARE_STOCK + 1
    return products.select(
        "product_id",
        "category_id",
        "title",
        "brand",
        "product_type",
        "size",
        "family_id",
        price=pl.coalesce(
            pl.when(~is_given_away).then("price"), _median_price("product_type"), _median_price("category_id")
        ),
        regular_price=pl.when(~is_given_away, pl.col("before") > pl.col("price")).then("before"),
        stock=pl.col("sold").fill_null(0) + spare,
        is_visible=~pl.col("product_type").str.starts_with(DEPOSIT),
    )


def _undo_discounts(items: pl.DataFrame) -> pl.DataFrame:
    """Let the lines cost what they would have without members' discounts and coupons, to the cent for each unit."""
    discount = (pl.col("discount_amount").cast(pl.Float64) / pl.col("quantity")).round(2)
    full_price = pl.col("unit_price").cast(pl.Float64) + discount
    return items.with_columns(unit_price=full_price.round(2).cast(DTYPES["money"]))


def _median_price(group: str) -> pl.Expr:
    return pl.col("price").cast(pl.Float64).median().over(group).round(2).cast(DTYPES["money"])


def _plan_stock(items: pl.DataFrame) -> pl.DataFrame:
    """Keep in stock what the last four weeks sold (the data set has no stock), to which a few spare ones are added."""
    start = pl.col("ordered_at").max() - timedelta(days=STOCK_DAYS)
    return items.filter(pl.col("ordered_at") > start).group_by("product_id").agg(sold=pl.col("quantity").sum())
