"""Purchases written by hand, one row (user_id, product_id, age in days); a user's rows of one age are one order."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import polars as pl

from features.snapshot.purchases import Purchases

AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
MISSING = float("nan")


def make_purchases(
    rows: Sequence[tuple[int, int, float]],
    *,
    users: Iterable[int] = (),
    products: Iterable[int] = (),
    sold_out: Iterable[int] = (),
    guests: Sequence[tuple[int, int, float]] = (),
) -> Purchases:
    """Make purchases of single pieces at a price of 1; product p is of category, type and brand p % 3.

    `users` and `products` add some that stand in no row; of `sold_out` products nothing is left. Rows
    of `guests` begin with a number of the basket.
    """
    baskets = [(-basket, product, days) for basket, product, days in guests]
    product_ids = sorted({product for _, product, _ in [*rows, *guests]} | set(products))
    kinds = {"category_id": 1, "type_code": 0, "brand_code": 0}
    catalogue = pl.DataFrame({"product_id": product_ids}, schema={"product_id": pl.Int64}).with_columns(
        (pl.col("product_id") % 3 + shift).alias(name) for name, shift in kinds.items()
    )
    schema = {"user_id": pl.Int64, "product_id": pl.Int64, "days": pl.Float64}
    catalogue = catalogue.with_columns(is_sellable=~pl.col("product_id").is_in(list(sold_out)))
    lines = pl.DataFrame([*rows, *baskets], schema=schema, orient="row").sort(["user_id", "days", "product_id"])
    lines = lines.with_columns(
        order_id=pl.struct("user_id", "days").rank("dense").cast(pl.Int64),
        ordered_at=pl.lit(AS_OF) - pl.duration(microseconds=(pl.col("days") * 86_400e6).cast(pl.Int64)),
        quantity=pl.lit(1.0),
        value=pl.lit(1.0),
        discount=pl.lit(0.0),
    ).join(catalogue.drop("is_sellable"), on="product_id", maintain_order="left")
    lines = lines.sort("user_id", "ordered_at", "product_id")
    is_guest = pl.col("user_id") < 0
    user_ids = sorted({user for user, _, _ in rows} | set(users))
    return Purchases(
        as_of=AS_OF,
        user_ids=pl.DataFrame({"user_id": user_ids}, schema={"user_id": pl.Int64}),
        products=catalogue,
        lines=lines.filter(~is_guest),
        guest_lines=lines.filter(is_guest),
        coupons_used=pl.DataFrame(schema={"user_id": pl.Int64, "used_at": pl.Datetime("us", "UTC")}),
        availability=catalogue.select(
            "product_id",
            pl.lit(datetime(2000, 1, 1, tzinfo=UTC)).dt.cast_time_unit("us").alias("since"),
            pl.lit(True).alias("is_visible"),
            "is_sellable",
        ),
    )


def read_row(frame: pl.DataFrame, names: Iterable[str], **key: int) -> dict[str, float]:
    """Return some columns of the one row that has these keys; MISSING for null."""
    row = frame.filter(**key).row(0, named=True)
    return {name: MISSING if row[name] is None else row[name] for name in names}
