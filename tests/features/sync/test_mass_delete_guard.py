"""What a sync does not follow: emptied tables, and another shop in the place of the one that it knows."""

import pytest
from sqlalchemy import Engine

from features.store import MLStore
from features.sync.mass_delete_guard import AnotherShopError, MassDisappearanceError
from features.sync.shop_sync import sync_shop
from features.sync.table_sync import SyncOptions
from tests.features.shop_writes import assert_equal, execute

ALL_DIFFER = [
    f"UPDATE {table} SET created_at = '2025-07-01 10:00:00.000000'"
    for table in ("categories", "users", "products", "orders", "order_items", "product_reviews")
]


def test_a_table_below_ten_rows_is_not_emptied_in_silence(tiny_shop: Engine, store: MLStore) -> None:
    execute(tiny_shop, "DELETE FROM order_items WHERE order_item_id > 2", "UPDATE users SET nickname = 'a'")
    sync_shop(tiny_shop, store)
    before = store.versions()
    execute(tiny_shop, "DELETE FROM order_items")

    with pytest.raises(MassDisappearanceError, match=r"order_items: 2 of 2 rows"):
        sync_shop(tiny_shop, store)

    assert store.versions() == before
    sync_shop(tiny_shop, store, options=SyncOptions(max_gone_share=1.0))
    assert_equal(tiny_shop, store)


def test_the_only_row_of_a_table_may_go(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "DELETE FROM product_reviews")

    sync_shop(tiny_shop, store)

    assert_equal(tiny_shop, store)


@pytest.mark.parametrize("stamp", ["updated_at = created_at", "updated_at = '2031-01-01'"], ids=["swept", "changed"])
def test_another_shop_of_the_same_size_is_refused_until_accepted(tiny_shop: Engine, store: MLStore, stamp: str) -> None:
    sync_shop(tiny_shop, store)
    before = store.versions()
    execute(tiny_shop, *[f"{change}, {stamp}" for change in ALL_DIFFER])

    with pytest.raises(
        AnotherShopError, match=r"3[12] of 3[34] rows have another created_at.*shop\.db.*--accept-source"
    ):
        sync_shop(tiny_shop, store)

    assert store.versions() == before
    sync_shop(tiny_shop, store, options=SyncOptions(max_recreated_share=1.0))
    assert_equal(tiny_shop, store)


def test_a_table_that_is_loaded_anew_is_followed(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "UPDATE products SET created_at = '2025-07-01', updated_at = '2026-02-01'")

    report = sync_shop(tiny_shop, store)

    assert report.tables["products"].counts.num_recreated == 6
    assert_equal(tiny_shop, store)
