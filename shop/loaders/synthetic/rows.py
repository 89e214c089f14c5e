"""A synthetic shop's arrays spelled as canonical rows. Times are shares of the period, between 0 and 1."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from shop.loaders.nicknames import draw_nicknames
from shop.loaders.synthetic.catalogue import Floats, Integers, SyntheticCatalogue

PERIOD = timedelta(days=365)
NICKNAME_POOL = 1_000
SHARE_DISCOUNTED = 0.15


@dataclass(frozen=True)
class OrderLines:
    """Order lines of one chunk: `order` is the index within the chunk, `at` the time as a share of the period."""

    order: Integers
    product: Integers
    at: Floats


def make_user_frame(registered: Floats, start: datetime) -> pl.DataFrame:
    """Spell the users; beyond a pool of drawn names, nicknames carry a number."""
    pool = np.array(draw_nicknames(min(NICKNAME_POOL, len(registered))))
    index = np.arange(len(registered))
    rounds = index // len(pool)
    names = np.char.add(pool[index % len(pool)], np.where(rounds > 0, np.char.mod("-%d", rounds + 1), ""))
    created = _instants(registered, start)
    return pl.DataFrame({"user_id": index + 1, "nickname": names, "created_at": created, "updated_at": created})


def make_image_frame(catalogue: SyntheticCatalogue, start: datetime) -> pl.DataFrame:
    """Give each product the address of its drawing."""
    ids = pl.DataFrame({"product_id": np.arange(len(catalogue.category)) + 1, "category": catalogue.category + 1})
    return ids.select(
        image_id="product_id",
        product_id="product_id",
        image_url=pl.format("/static/images/products/category{}/product{}.svg", "category", "product_id"),
        position=pl.lit(0),
        created_at=pl.lit(start),
        updated_at=pl.lit(start),
    )


def make_item_frame(
    lines: OrderLines,
    catalogue: SyntheticCatalogue,
    next_order: int,
    next_item: int,
    start: datetime,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Price the lines; `cents` is what the line cost in all."""
    quantity = 1 + rng.poisson(0.3, len(lines.order))
    is_discounted = rng.random(len(lines.order)) < SHARE_DISCOUNTED
    off = np.where(is_discounted, rng.choice([0.1, 0.2, 0.3], len(lines.order)), 0.0)
    listed = catalogue.price_cents[lines.product]
    unit = np.round(listed * (1 - off)).astype(np.int64)
    ordered_at = _instants(lines.at, start)
    return pl.DataFrame(
        {
            "order_item_id": np.arange(len(lines.order)) + next_item,
            "order_id": lines.order + next_order,
            "product_id": lines.product + 1,
            "quantity": quantity,
            "unit_price": unit / 100,
            "discount_amount": (listed - unit) * quantity / 100,
            "cents": unit * quantity,
            "created_at": ordered_at,
            "updated_at": ordered_at,
        }
    )


def make_order_frame(
    users: Integers, order_at: Floats, items: pl.DataFrame, next_order: int, start: datetime
) -> pl.DataFrame:
    """Spell the orders, with the totals of their items."""
    totals = items.group_by("order_id").agg(total_amount=pl.col("cents").sum() / 100)
    ordered_at = _instants(order_at, start)
    orders = pl.DataFrame(
        {
            "order_id": np.arange(len(users)) + next_order,
            "user_id": users + 1,
            "ordered_at": ordered_at,
            "created_at": ordered_at,
            "updated_at": ordered_at,
        }
    )
    return orders.join(totals, on="order_id", maintain_order="left").with_columns(status=pl.lit("delivered"))


def _instants(at: Floats, start: datetime) -> pl.Series:
    """Turn shares of the period into instants."""
    offset = pl.Series(np.round(at * PERIOD.total_seconds() * 1e6).astype(np.int64)).cast(pl.Duration("us"))
    return pl.select(pl.lit(start, pl.Datetime("us", "UTC")) + offset).to_series()
