"""What shoppers chose, as of an instant: gifts are no purchases, and what is refused is named."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sqlalchemy import Engine, update

from features.rebuild import build_snapshot
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.database import open_engine, session_scope
from shop.migrate import PLATFORM, SHOP, migrate
from shop.tables import GIFT, NOT_INTERESTED_PRODUCT, NOT_INTERESTED_TYPE, Product, ShopperChoice
from tests.support.tiny_shop import day, fill_tiny_shop

FAMILY = 40


@pytest.fixture(scope="module")
def chosen_store(tmp_path_factory: pytest.TempPathFactory) -> MLStore:
    """The tiny shop, where users 1 and 2 made choices on the 18th and undid one on the 20th.

    User 1 gave the milk of the order of the 8th away, refuses cola, of whose family juice is, and bread's kind; user 2
    refuses apple pie, whose shop names no kind of it, and for two days refused milk.
    """
    folder: Path = tmp_path_factory.mktemp("chosen")
    engine = open_engine(f"sqlite:///{folder / 'shop.db'}")
    for schema in (SHOP, PLATFORM):
        migrate(engine, schema)
    fill_tiny_shop(engine)
    choose(engine, 1, GIFT, 1, 1, "Milk", order_id=2)
    choose(engine, 1, NOT_INTERESTED_PRODUCT, 5, 3, "Cola")
    choose(engine, 1, NOT_INTERESTED_TYPE, 3, 2, "Bread")
    choose(engine, 2, NOT_INTERESTED_TYPE, 4, 2, None)
    choose(engine, 2, NOT_INTERESTED_PRODUCT, 1, 1, "Milk")
    with session_scope(engine) as session:
        of_family = update(Product).where(Product.product_id.in_((5, 6)))
        session.execute(of_family.values(family_id=FAMILY, updated_at=day(1)))
        session.execute(update(Product).where(Product.product_id == 4).values(product_type="", updated_at=day(1)))
    store = MLStore(str(folder / "store"))
    sync_shop(engine, store)
    with session_scope(engine) as session:
        undone = update(ShopperChoice).where(ShopperChoice.user_id == 2, ShopperChoice.kind == NOT_INTERESTED_PRODUCT)
        session.execute(undone.values(undone_at=day(20), updated_at=day(20)))
    sync_shop(engine, store)
    engine.dispose()
    return store


def choose(
    engine: Engine, user_id: int, kind: str, product_id: int, category_id: int, product_type: str | None, **more: Any
) -> None:
    at = {"made_at": day(18), "created_at": day(18), "updated_at": day(18)}
    key = f"{kind}:{product_id}"
    named = {"user_id": user_id, "kind": kind, "product_id": product_id, "choice_key": key}
    with session_scope(engine) as session:
        session.add(ShopperChoice(category_id=category_id, product_type=product_type, **named, **at, **more))


def milk_of(purchases: Purchases) -> list[datetime]:
    """Return when user 1 bought milk."""
    return purchases.lines.filter(user_id=1, product_id=1)["ordered_at"].to_list()


def refused(purchases: Purchases, user_id: int) -> set[int]:
    """Return the products that a user refuses, those of kinds among them."""
    excluded = purchases.exclusions.filter(user_id=user_id)
    of_kinds = purchases.products.filter(pl.col("type_code").is_in(excluded["type_code"].drop_nulls().implode()))
    return {*excluded["product_id"].drop_nulls(), *of_kinds["product_id"]}


def test_a_gift_is_no_purchase_from_when_that_was_said(chosen_store: MLStore) -> None:
    before, after = (load_purchases(chosen_store, day(number)) for number in (18, 25))

    assert milk_of(before) == [day(1), day(8), day(15)]
    assert milk_of(after) == [day(1), day(15), day(22)]
    assert after.within(day(7), day(9))["product_id"].to_list() == [3], "nor a label"


def test_going_back_in_time_knows_no_more_than_was_known_then(chosen_store: MLStore) -> None:
    back, then = load_purchases(chosen_store, day(25)).before(day(18)), load_purchases(chosen_store, day(18))

    assert back.lines.drop("type_code", "brand_code").equals(then.lines.drop("type_code", "brand_code"))
    assert back.exclusions.is_empty()
    assert then.exclusions.is_empty()


def test_what_is_refused_takes_its_family_and_its_kind_along(chosen_store: MLStore) -> None:
    purchases = load_purchases(chosen_store, day(25))

    assert refused(purchases, 1) == {5, 6, 3}
    assert refused(purchases, 2) == {4}, "without a kind the department stands for it, and bread has one"


def test_what_was_undone_counted_until_then(chosen_store: MLStore) -> None:
    assert refused(load_purchases(chosen_store, day(19)), 2) == {1, 4}


def test_a_snapshot_keeps_what_is_refused(chosen_store: MLStore, tmp_path: Path) -> None:
    snapshot = build_snapshot(load_purchases(chosen_store, day(25)), num_buckets=2)
    store = MLStore(str(tmp_path / "store"))
    snapshot.write(store)
    opened = Snapshot.open(store)
    arrays = opened.arrays

    owners, excluded = arrays.find_excluded(arrays.find_users(snapshot.user_ids()))

    assert opened.snapshot_id == opened.hash_frames()
    products = [set(arrays.product_ids[excluded[owners == row]].tolist()) for row in range(len(arrays.user_ids))]
    assert products == [{3, 5, 6}, {4}, set(), set()]
    bucket = int(snapshot.users.filter(user_id=1)["bucket"][0])
    assert set(Snapshot.open(store, bucket=bucket).exclusions["bucket"]) == {bucket}


def test_a_snapshot_from_before_there_were_choices_opens_as_it_was(tiny_store: MLStore, tmp_path: Path) -> None:
    store = MLStore(str(tmp_path / "store"))
    build_snapshot(load_purchases(tiny_store, day(25))).write(store)
    shutil.rmtree(tmp_path / "store" / "snapshot_exclusions")

    opened = Snapshot.open(store)

    assert opened.exclusions.is_empty()
    assert opened.hash_frames() == opened.snapshot_id
    assert [len(each) for each in opened.arrays.find_excluded(np.arange(4))] == [0, 0]


def test_rows_pinned_before_there_were_choices_know_of_none(chosen_store: MLStore) -> None:
    versions = {name: number for name, number in chosen_store.versions().items() if name != "shopper_choices"}

    purchases = load_purchases(chosen_store, day(25), versions)

    assert len(milk_of(purchases)) == 4
    assert purchases.exclusions.is_empty()
