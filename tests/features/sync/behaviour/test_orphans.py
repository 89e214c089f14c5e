"""Rows whose parent has not come, or has gone: they wait unseen, and are followed while they do."""

from sqlalchemy import Engine

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from tests.features.shop_writes import assert_lives_are_sound, current, execute


def test_orphans_wait_unseen_until_their_parent_comes(server_shop: Engine, store: MLStore) -> None:
    execute(
        server_shop,
        "SET SESSION foreign_key_checks = 0",
        "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price) VALUES (50, 77, 1, 1, 1)",
        "INSERT INTO orders (order_id, user_id, ordered_at, total_amount) VALUES (77, 88, '2026-01-05', 1)",
    )
    waiting = sync_shop(server_shop, store, verify=True)
    assert [waiting.tables[name].counts.num_quarantined for name in ("orders", "order_items")] == [1, 1]
    assert 50 not in current(store, "order_items", "quantity")
    assert waiting.is_equal

    execute(server_shop, "INSERT INTO users (user_id, nickname) VALUES (88, 'parent')")
    released = sync_shop(server_shop, store, verify=True)

    assert [released.tables[name].counts.num_quarantined for name in ("orders", "order_items")] == [0, 0]
    assert current(store, "order_items", "quantity")[50] == 1
    assert released.is_equal
    assert_lives_are_sound(store)


def test_an_orphan_that_is_deleted_or_changed_while_it_waits_is_followed(server_shop: Engine, store: MLStore) -> None:
    values = "(50, 77, 1, 1, 1), (51, 78, 1, 1, 1)"
    execute(
        server_shop,
        "SET SESSION foreign_key_checks = 0",
        f"INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price) VALUES {values}",
    )
    sync_shop(server_shop, store)
    execute(
        server_shop,
        "SET SESSION foreign_key_checks = 0",
        "DELETE FROM order_items WHERE order_item_id = 50",
        "UPDATE order_items SET order_id = 1 WHERE order_item_id = 51",
    )

    report = sync_shop(server_shop, store, verify=True)

    assert report.tables["order_items"].counts.num_quarantined == 0
    assert 51 in current(store, "order_items", "quantity")
    assert report.is_equal


def test_history_of_a_deleted_parent_stays(server_shop: Engine, store: MLStore) -> None:
    sync_shop(server_shop, store)
    execute(server_shop, "SET SESSION foreign_key_checks = 0", "DELETE FROM products WHERE product_id = 5")

    report = sync_shop(server_shop, store)

    assert report.tables["order_items"].counts.num_quarantined == 0
    assert 8 in current(store, "order_items", "quantity")
