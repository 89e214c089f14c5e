"""Shops at the edge of what there is, as folders of files, loaded and synced as an owner of such a shop would."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.database import open_engine
from shop.loaders.directory import build_directory_shop
from shop.loaders.writing import write_shop

START = datetime(2026, 1, 1, tzinfo=UTC)
NUM_DAYS = 150
END = START + timedelta(days=NUM_DAYS)

Frames = dict[str, pl.DataFrame]


def make_shop(num_users: int = 24, num_products: int = 40, num_categories: int = 4, seed: int = 3) -> Frames:
    """Users who order about every nine days: three of six favourites, and one product by chance."""
    generator = np.random.default_rng(seed)
    product_ids = np.arange(1, num_products + 1)
    orders: list[dict[str, object]] = []
    items: list[dict[str, object]] = []
    for user in range(1, num_users + 1):
        favourites = generator.choice(product_ids, size=6)
        for age in np.arange(generator.uniform(0, 9), NUM_DAYS, 9):
            order_id = len(orders) + 1
            at = START + timedelta(days=float(age))
            orders.append({"order_id": order_id, "user_id": user, "ordered_at": at})
            basket = {*generator.choice(favourites, size=3), generator.choice(product_ids)}
            items += [
                {"order_id": order_id, "product_id": int(product), "quantity": 1, "unit_price": 2.5}
                for product in basket
            ]
    return {
        "users": pl.DataFrame({"user_id": range(1, num_users + 1)}),
        "categories": pl.DataFrame({"category_id": range(1, num_categories + 1)}),
        "products": pl.DataFrame({"product_id": product_ids, "category_id": product_ids % num_categories + 1}),
        "orders": pl.DataFrame(orders),
        "order_items": pl.DataFrame(items),
    }


def without_orders(frames: Frames) -> Frames:
    return frames | {name: frames[name].clear() for name in ("orders", "order_items")}


def without_categories(frames: Frames) -> Frames:
    kept = {name: frame for name, frame in frames.items() if name != "categories"}
    return kept | {"products": frames["products"].drop("category_id")}


def without_prices(frames: Frames) -> Frames:
    return frames | {"order_items": frames["order_items"].drop("unit_price")}


def with_silent_users(frames: Frames, user_ids: list[int]) -> Frames:
    return frames | {"users": pl.concat([frames["users"], pl.DataFrame({"user_id": user_ids})])}


def with_hidden_line(frames: Frames, product_id: int) -> Frames:
    """Add a product that nobody can be shown, a bag or postage, to six of seven orders."""
    orders = frames["orders"].filter(pl.col("order_id") % 7 > 0).select("order_id", product_id=pl.lit(product_id))
    lines = orders.with_columns(quantity=pl.lit(1), unit_price=pl.lit(0.1)).cast(frames["order_items"].schema)
    bag = pl.DataFrame({"product_id": [product_id], "category_id": [1], "stock": [0], "is_visible": [False]})
    return frames | {
        "order_items": pl.concat([frames["order_items"], lines]),
        "products": pl.concat([frames["products"], bag], how="diagonal"),
    }


def with_orders_in(frames: Frames, start: datetime, end: datetime) -> Frames:
    """Keep the orders of [start, end)."""
    orders = frames["orders"].filter(pl.col("ordered_at") >= start, pl.col("ordered_at") < end)
    return frames | {"orders": orders, "order_items": frames["order_items"].join(orders, on="order_id", how="semi")}


def sync_frames(folder: Path, frames: Frames) -> MLStore:
    """Write the frames as files, load them into a shop and sync it."""
    files = folder / "files"
    files.mkdir()
    for name, frame in frames.items():
        frame.write_parquet(files / f"{name}.parquet")
    engine = open_engine(f"sqlite:///{folder / 'shop.db'}")
    write_shop(engine, build_directory_shop(files, ignore), replace=False, report=ignore)
    store = MLStore(str(folder / "store"))
    sync_shop(engine, store)
    engine.dispose()
    return store


def ignore(line: str) -> None:
    """Loaders report what they leave out; here all is meant."""
