"""Lines of orders before an instant, as the store has them: what `Purchases` are made from."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from features.snapshot.groups import Groups, find_bounds, number_groups
from features.store import MLStore


class OrderRange(NamedTuple):
    """Orders with `first <= order_id < end`; None = without a bound."""

    first: int | None = None
    end: int | None = None

    def keep(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Keep the rows of these orders."""
        rows = rows if self.first is None else rows.filter(pl.col("order_id") >= self.first)
        return rows if self.end is None else rows.filter(pl.col("order_id") < self.end)


ALL_ORDERS = OrderRange()


def scan_users(store: MLStore, as_of: datetime, versions: Mapping[str, int] | None) -> pl.LazyFrame:
    """Read the users known just before an instant: user_id, sorted."""
    return store.as_of("users", as_of, versions).select("user_id").unique().sort("user_id")


def scan_orders(store: MLStore, as_of: datetime, versions: Mapping[str, int] | None) -> pl.LazyFrame:
    """Read the orders placed before an instant and not cancelled: order_id, user_id (null = a guest), ordered_at."""
    orders = store.as_of("orders", as_of, versions)
    kept = (pl.col("ordered_at") < as_of) & (pl.col("status") != "cancelled")
    return orders.filter(kept).select("order_id", "user_id", "ordered_at")


def scan_lines(
    store: MLStore, as_of: datetime, versions: Mapping[str, int] | None, orders: OrderRange = ALL_ORDERS
) -> pl.LazyFrame:
    """Read the lines of orders placed before an instant.

    Returns:
        order_id, product_id, quantity, value (money paid), discount (money), user_id (null = a guest), ordered_at.
    """
    quantity = pl.col("quantity").cast(pl.Float64)
    items = orders.keep(store.as_of("order_items", as_of, versions)).select(
        "order_id",
        "product_id",
        quantity,
        value=pl.col("unit_price").cast(pl.Float64) * quantity,
        discount=pl.col("discount_amount").cast(pl.Float64),
    )
    return items.join(orders.keep(scan_orders(store, as_of, versions)), on="order_id")


def scan_coupons(store: MLStore, as_of: datetime, versions: Mapping[str, int] | None) -> pl.LazyFrame:
    """Read the coupons redeemed before an instant: user_id, used_at; one row a redemption, sorted."""
    if not store.exists("user_coupons"):
        return pl.LazyFrame(schema={"user_id": pl.Int64, "used_at": pl.Datetime("us", "UTC")})
    redeemed = store.as_of("user_coupons", as_of, versions).filter(pl.col("used_at") < as_of)
    return redeemed.select("user_id", "used_at").sort("user_id", "used_at")


def number_baskets(lines: pl.DataFrame, below: int) -> pl.DataFrame:
    """Give each guest's order a user_id of its own, the later the order's id the lower.

    Args:
        lines: as `scan_lines` gives them.
        below: the numbers lie below this one.
    """
    is_guest = pl.col("user_id").is_null()
    number = below - pl.col("order_id").rank("dense").cast(pl.Int64)
    return pl.concat([lines.filter(~is_guest), lines.filter(is_guest).with_columns(user_id=number)])


def lie_below(user_ids: pl.Series) -> int:
    """Return the number that guests' baskets lie below and no user does."""
    return int(min([0, *user_ids.head(1)]))


def place_orders(lines: pl.DataFrame) -> pl.Series:
    """Return the place of each line's order among all by user, time and id; it is quick where they stand together."""
    ids = lines["order_id"].to_numpy()
    bounds = find_bounds(ids)
    numbers, firsts = number_groups(ids[bounds[:-1]])
    orders = lines.select("user_id", "ordered_at", "order_id")[bounds[firsts]]
    in_order = orders.with_row_index("number").sort("user_id", "ordered_at", "order_id")["number"].to_numpy()
    places = np.empty(len(in_order), dtype=np.int64)
    places[in_order] = np.arange(len(in_order))
    return pl.Series(np.repeat(places[numbers], np.diff(bounds)))


def find_last_sales(lines: pl.DataFrame) -> pl.DataFrame:
    """Return when each product was last bought: product_id, last_sale (null = there are returns alone)."""
    sold_at = lines.select(pl.when(pl.col("quantity") > 0).then("ordered_at")).to_series()
    groups = Groups(lines, ["product_id"])
    return groups.keys.with_columns(last_sale=groups.reduce(sold_at, "max"))
