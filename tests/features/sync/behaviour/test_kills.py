"""kill -9 at named points of a run, then one run: the store equals the shop."""

import pytest
from sqlalchemy import Engine

from features.store import MLStore
from tests.features.shop_writes import assert_equal, assert_lives_are_sound, execute
from tests.features.sync.behaviour.sync_worker import SyncWorker

POINTS = [
    "check columns", "collect categories", "collect order_items", "write users", "write order_items",
    "commit categories", "commit users", "commit order_items", "commit events", "committed", "verify users",
    "repair products",
]  # fmt: skip


def test_a_first_load_killed_anywhere_is_made_good_by_one_run(
    server_shop: Engine, store: MLStore, sync_worker: SyncWorker
) -> None:
    for point in ("check columns", "collect orders", "write order_items", "commit users", "commit order_items"):
        assert sync_worker.sync(server_shop, store, die_at=point) is None
    sync_worker.sync(server_shop, store)

    assert_equal(server_shop, store)
    assert_lives_are_sound(store)


@pytest.mark.parametrize("point", POINTS)
def test_an_increment_killed_anywhere_is_made_good_by_one_run(
    server_shop: Engine, store: MLStore, sync_worker: SyncWorker, point: str
) -> None:
    sync_worker.sync(server_shop, store)
    execute(
        server_shop,
        "INSERT INTO users (user_id, nickname) VALUES (20, 'new')",
        "UPDATE categories SET name = 'renamed' WHERE category_id = 2",
        "UPDATE order_items SET quantity = 9 WHERE order_item_id = 4",
        "UPDATE products SET stock = 3, updated_at = updated_at WHERE product_id = 4",
        "DELETE FROM order_items WHERE order_item_id = 10",
        "DELETE FROM product_reviews",
    )
    assert sync_worker.sync(server_shop, store, die_at=point, verify=True) is None
    execute(server_shop, "INSERT INTO users (user_id, nickname) VALUES (21, 'newer')")

    report = sync_worker.sync(server_shop, store, verify=True)

    assert report is not None
    assert report["verification"]["is_equal"]
    assert_equal(server_shop, store)
    assert_lives_are_sound(store)
