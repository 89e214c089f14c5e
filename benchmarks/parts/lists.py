"""A synthetic shop whose users all have a published list, and ranked frames of any size."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import polars as pl
from sqlalchemy import Engine, insert, select

from serving.batch.batch_state import Batch, move_pointer, open_batch
from serving.batch.lists import encode_lists
from serving.batch.popular import rank_popular
from serving.batch.publish import write_bucket, write_lists
from shop.database import open_engine, session_scope
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from shop.migrate import migrate
from shop.tables import Category, Coupon, Product, UserCoupon

LIST_LENGTH = 100
STRIDE = 1237
"""From one product of a list to the next. A prime this large spreads a list over the departments, whose products are
numbered one after another: a page then looks at about as many entries as on the demo shop, where it is 21 of 100."""

REASONS = np.array(["bought_before", "bought_together", "favourite_type", "popular"])


COUPON_HOLDERS = 0.23
"""Share of users who hold coupons, as on the demo shop. Their pages look at the whole list and are never kept."""

COUPONS_HELD = 3


def fill_shop(url: str, num_users: int, num_products: int, num_orders: int) -> None:
    """Write the shop with coupons in the hands of some users, and publish a list for every user."""
    engine = open_engine(url)
    migrate(engine)
    shape = SyntheticShape(num_users, num_products, num_orders)
    batches = build_synthetic_shop(shape, seed=7, end_date=date(2026, 1, 31))
    write_shop(engine, batches, replace=False, report=lambda _: None)
    hand_out_coupons(engine, num_users)
    publish_lists(engine, num_users)
    engine.dispose()


def hand_out_coupons(engine: Engine, num_users: int) -> None:
    """Give each holder, spread over the users, a coupon for each of a few departments."""
    issued, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)
    every = round(1 / COUPON_HOLDERS, 6)
    holders = [int(number * every) + 1 for number in range(int(num_users / every))]
    with session_scope(engine) as session:
        categories = session.scalars(select(Category.category_id).order_by(Category.category_id).limit(COUPONS_HELD))
        coupons = [
            {"coupon_id": 10_000 + place, "code": f"BENCH{place}", "name": "10% off", "discount_type": "percent"}
            | {"discount_value": Decimal(10), "valid_from": issued, "valid_until": ends, "category_id": category_id}
            for place, category_id in enumerate(categories)
        ]
        session.execute(insert(Coupon), coupons)
        held = [
            {"user_id": user, "coupon_id": coupon["coupon_id"], "issued_at": issued}
            for user in holders
            for coupon in coupons
        ]
        session.execute(insert(UserCoupon), held)


def publish_lists(engine: Engine, num_users: int) -> Batch:
    """Publish random lists for users 1 to `num_users`."""
    batch = open_batch(engine, "lists", datetime(2026, 2, 1, tzinfo=UTC), "1", "champion")
    with engine.connect() as connection:
        rows = connection.execute(select(Product.product_id, Product.category_id).order_by(Product.product_id)).all()
    products = pl.DataFrame(
        {name: [row[place] for row in rows] for place, name in enumerate(("product_id", "category_id"))}
    )
    sold_at = pl.lit(datetime(2026, 1, 1, tzinfo=UTC))
    popular = products.with_columns(popularity=pl.lit(1.0), first_sold_at=sold_at, is_sellable=pl.lit(True))
    shared = encode_lists(rank_popular(popular), ["scope", "scope_category_id"])
    write_lists(engine, batch, "popular_lists", shared.rename({"scope_category_id": "category_id"}))
    write_bucket(engine, batch, 0, rank_at_random(num_users, products["category_id"].to_numpy()), LIST_LENGTH)
    move_pointer(engine, batch)
    return batch


def rank_at_random(
    num_users: int, categories: np.ndarray, users_per_piece: int = 2000, seed: int = 1
) -> Iterator[pl.DataFrame]:
    """Yield ranked frames, as the ranker does: 100 distinct products a user with falling scores.

    Args:
        num_users: users 1 to this.
        categories: category of products 1, 2, 3, ...
        users_per_piece: users of a frame.
        seed: decides everything.
    """
    rng, num_products = np.random.default_rng(seed), len(categories)
    for start in range(0, num_users, users_per_piece):
        users = np.arange(start, min(start + users_per_piece, num_users)) + 1
        firsts = rng.integers(0, num_products, len(users))[:, None]
        products = (firsts + np.arange(LIST_LENGTH)[None, :] * STRIDE) % num_products + 1
        scores = np.sort(rng.random((len(users), LIST_LENGTH), dtype=np.float32), axis=1)[:, ::-1]
        yield pl.DataFrame(
            {
                "user_id": np.repeat(users, LIST_LENGTH),
                "rank": np.tile(np.arange(1, LIST_LENGTH + 1, dtype=np.int32), len(users)),
                "product_id": products.ravel(),
                "category_id": categories[products.ravel() - 1],
                "score": scores.ravel(),
                "reason": REASONS[rng.integers(0, len(REASONS), products.size)],
            }
        )
