"""Poison the future: rows inserted, changed or deleted after an instant must not move the features as of it."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from features.rebuild import build_snapshot
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import TABLES, Snapshot
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from features.sync.table_sync import SyncOptions
from shop.database import open_engine
from tests.support.synthetic import AS_OF, fill_synthetic_shop

CUT = AS_OF - timedelta(days=40)

POISON = {
    "order inserted": [
        "INSERT INTO orders (order_id, user_id, status, ordered_at, total_amount, created_at, updated_at)"
        " VALUES (900001, 1, 'paid', :after, 5, :after, :after)",
        "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price, discount_amount,"
        " created_at, updated_at) VALUES (900001, 900001, 1, 50, 0.10, 0, :after, :after)",
    ],
    "guest's order inserted": [
        "INSERT INTO orders (order_id, user_id, status, ordered_at, total_amount, created_at, updated_at)"
        " VALUES (900001, NULL, 'paid', :after, 5, :after, :after)",
        "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price, discount_amount,"
        " created_at, updated_at) VALUES (900001, 900001, 1, 50, 0.10, 0, :after, :after),"
        " (900002, 900001, 2, 50, 0.10, 0, :after, :after)",
    ],
    "orders of the past made guests'": ["UPDATE orders SET user_id = NULL, updated_at = :after WHERE order_id < 200"],
    "order of the past cancelled": ["UPDATE orders SET status = 'cancelled', updated_at = :after WHERE order_id < 200"],
    "quantities of the past changed": [
        "UPDATE order_items SET quantity = 99, unit_price = 0.01, updated_at = :after WHERE order_item_id < 300"
    ],
    "product moved to another category": [
        "UPDATE products SET category_id = 1, brand = 'x', updated_at = :after WHERE product_id < 40"
    ],
    "later orders deleted": [
        "DELETE FROM order_items WHERE order_id IN (SELECT order_id FROM orders WHERE ordered_at >= :cut)",
        "DELETE FROM orders WHERE ordered_at >= :cut",
    ],
    "lines of the past called gifts, and their products refused": [
        "INSERT INTO shopper_choices (user_id, choice_key, kind, product_id, category_id, order_id, made_at,"
        f" created_at, updated_at) SELECT user_id, {key} || order_item_id, '{kind}', product_id, 1, {order},"
        " '2020-01-01', :after, :after FROM orders JOIN order_items USING (order_id) WHERE order_id < 200"
        for kind, key, order in (("gift", "'g'", "order_id"), ("not_interested_product", "'n'", "0"))
    ],
    "past order deleted": [
        "DELETE FROM order_items WHERE order_id < 20",
        "DELETE FROM orders WHERE order_id < 20",
    ],
}


def hash_snapshot(snapshot: Snapshot) -> str:
    """Hash all frames; rows are sorted by key already."""
    digest = hashlib.sha256()
    for table in TABLES:
        frame = getattr(snapshot, table)
        digest.update(frame.hash_rows(seed=1).to_numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("statements", POISON.values(), ids=POISON.keys())
def test_the_future_does_not_move_the_past(tmp_path: Path, statements: list[str]) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    fill_synthetic_shop(url, num_users=60, num_products=80, num_orders=900)
    engine, store = open_engine(url), MLStore(str(tmp_path / "store"))
    sync_shop(engine, store)
    before = hash_snapshot(build_snapshot(load_purchases(store, CUT), num_buckets=2))
    versions = store.versions()

    with engine.begin() as connection:
        for statement in statements:
            values = {"after": f"{CUT + timedelta(days=3):%Y-%m-%d %H:%M:%S.%f}", "cut": f"{CUT:%Y-%m-%d %H:%M:%S.%f}"}
            used = {key: value for key, value in values.items() if f":{key}" in statement}
            assert connection.execute(text(statement), used).rowcount > 0
    report = sync_shop(engine, store, full=True, options=SyncOptions(max_gone_share=1.0))

    assert store.versions() != versions, report
    assert hash_snapshot(build_snapshot(load_purchases(store, CUT), num_buckets=2)) == before
    engine.dispose()


def test_the_same_instant_gives_the_same_bits(synthetic_store: MLStore) -> None:
    first, second = (hash_snapshot(build_snapshot(load_purchases(synthetic_store, CUT))) for _ in range(2))

    assert first == second


def test_the_hash_moves_when_the_past_does(synthetic_store: MLStore) -> None:
    earlier = build_snapshot(load_purchases(synthetic_store, CUT - timedelta(days=1)))

    assert hash_snapshot(earlier) != hash_snapshot(build_snapshot(load_purchases(synthetic_store, CUT)))
