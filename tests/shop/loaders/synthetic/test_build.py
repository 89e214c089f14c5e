from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from sqlalchemy import Engine

from shop.loaders.synthetic import build as synthetic
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop

END = date(2026, 6, 30)


def build(shape: SyntheticShape, seed: int = 0) -> dict[str, pl.DataFrame]:
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in build_synthetic_shop(shape, seed, END):
        frames.setdefault(batch.table, []).append(batch.frame)
    return {name: pl.concat(pieces) for name, pieces in frames.items()}


@pytest.fixture(scope="module")
def shop() -> dict[str, pl.DataFrame]:
    return build(SyntheticShape(400, 300, 6000))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 50), (50, 400, 500)], ids=str)
def test_any_size_is_a_valid_shop(empty_shop: Engine, shape: tuple[int, int, int]) -> None:
    batches = build_synthetic_shop(SyntheticShape(*shape), 0, END)

    num_rows = write_shop(empty_shop, batches, replace=False, report=lambda _line: None)

    assert (num_rows["users"], num_rows["products"], num_rows["orders"]) == shape
    assert num_rows["order_items"] >= shape[2]


def test_the_same_seed_gives_the_same_shop(shop: dict[str, pl.DataFrame]) -> None:
    again = build(SyntheticShape(400, 300, 6000))

    assert all(again[name].equals(shop[name]) for name in shop)


def test_another_seed_gives_another_shop(shop: dict[str, pl.DataFrame]) -> None:
    assert not build(SyntheticShape(400, 300, 6000), seed=1)["orders"].equals(shop["orders"])


def test_chunks_join_without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "ORDERS_PER_CHUNK", 500)

    shop = build(SyntheticShape(400, 300, 6000))

    assert shop["orders"]["order_id"].to_list() == list(range(1, 6001))
    assert shop["order_items"]["order_item_id"].is_sorted()
    assert shop["order_items"]["order_id"].n_unique() == 6000


def test_nothing_is_bought_before_it_is_launched_or_by_strangers(shop: dict[str, pl.DataFrame]) -> None:
    items = shop["order_items"].join(shop["products"].select("product_id", launched="created_at"), on="product_id")
    orders = shop["orders"].join(shop["users"].select("user_id", registered="created_at"), on="user_id")

    assert items.filter(pl.col("created_at") < pl.col("launched")).is_empty()
    assert orders.filter(pl.col("ordered_at") < pl.col("registered")).is_empty()


def test_orders_end_on_the_last_day(shop: dict[str, pl.DataFrame]) -> None:
    last = shop["orders"]["ordered_at"].max()

    assert last is not None
    assert last.date() == END


def test_totals_are_exact(shop: dict[str, pl.DataFrame]) -> None:
    line = shop["order_items"].filter(pl.col("order_id") == 1)
    total = sum(round(Decimal(str(price)), 2) * n for price, n in line.select("unit_price", "quantity").rows())

    assert round(Decimal(str(shop["orders"]["total_amount"][0])), 2) == total


def test_users_buy_again_what_they_bought(shop: dict[str, pl.DataFrame]) -> None:
    items = shop["order_items"].join(shop["orders"].select("order_id", "user_id"), on="order_id")
    pairs = items.group_by("user_id", "product_id").len()

    assert (pairs["len"] > 1).mean() > 0.2  # by chance alone it would be near 0.05


def test_users_have_favourite_categories(shop: dict[str, pl.DataFrame]) -> None:
    items = shop["order_items"].join(shop["orders"].select("order_id", "user_id"), on="order_id")
    items = items.join(shop["products"].select("product_id", "category_id"), on="product_id")
    counts = items.group_by("user_id", "category_id").len()
    share = counts.group_by("user_id").agg(pl.col("len").max() / pl.col("len").sum())

    assert share["len"].mean() > 0.3  # 16 categories: 0.06 and a little by chance
