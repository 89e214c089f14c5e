"""What was on show when, from the history of rows and, before the first sync, from the last sale."""

import pytest
from sqlalchemy import Engine

from features.snapshot.availability import RETIRED_AFTER
from features.snapshot.purchases import load_purchases
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from tests.features.shop_writes import execute
from tests.support.tiny_shop import day

LAST_SALE_OF_BREAD = day(8)


@pytest.mark.parametrize("change", ["is_visible = 0", "stock = 0"], ids=["hidden", "sold out"])
def test_what_was_retired_before_the_first_sync_was_on_sale_until_its_last_sale(
    tiny_shop: Engine, store: MLStore, change: str
) -> None:
    execute(tiny_shop, f"UPDATE products SET {change} WHERE product_id = 3")
    sync_shop(tiny_shop, store)

    purchases = load_purchases(store, LAST_SALE_OF_BREAD + RETIRED_AFTER * 1.01)

    assert purchases.lines.filter(product_id=3)["order_id"].to_list() == [1, 2, 4]
    assert not purchases.products.filter(product_id=3)["is_sellable"].item()
    assert purchases.before(LAST_SALE_OF_BREAD).products.filter(product_id=3)["is_sellable"].item()


def test_what_is_hidden_and_was_sold_lately_was_always_hidden(tiny_shop: Engine, store: MLStore) -> None:
    execute(tiny_shop, "UPDATE products SET is_visible = 0 WHERE product_id = 3")
    sync_shop(tiny_shop, store)

    purchases = load_purchases(store, LAST_SALE_OF_BREAD + RETIRED_AFTER)

    assert purchases.lines.filter(product_id=3).is_empty()
    assert 3 not in purchases.products["product_id"]


def test_a_product_that_is_gone_from_the_shop_is_not_sellable(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "DELETE FROM product_images WHERE product_id = 6")
    execute(tiny_shop, "DELETE FROM products WHERE product_id = 6")
    sync_shop(tiny_shop, store, full=True)
    gone = store.scan("products").filter(product_id=6).collect()["known_until"].item()

    before, after = load_purchases(store, gone), load_purchases(store, gone + RETIRED_AFTER)

    assert 6 in before.products["product_id"]
    assert 6 not in after.products["product_id"]
    assert not after.availability.filter(product_id=6).sort("since")["is_sellable"].to_list()[-1]
