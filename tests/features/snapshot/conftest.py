"""A synthetic shop with all that makes purchases odd."""

import pytest
from sqlalchemy import text

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.database import open_engine
from tests.support.synthetic import fill_synthetic_shop

ODDITIES = [
    "UPDATE orders SET user_id = NULL WHERE order_id % 7 = 0",
    "UPDATE orders SET status = 'cancelled' WHERE order_id % 31 = 0",
    "UPDATE order_items SET quantity = -1 WHERE order_item_id % 23 = 0",
    "INSERT INTO shopper_choices (user_id, choice_key, kind, product_id, category_id, order_id, made_at, created_at,"
    " updated_at) SELECT user_id, 'g' || order_item_id, 'gift', product_id, 1, order_id, '2020-01-01', '2020-01-01',"
    " '2020-01-01' FROM orders JOIN order_items USING (order_id) WHERE order_item_id % 17 = 0 AND user_id IS NOT NULL",
    "INSERT INTO shopper_choices (user_id, choice_key, kind, product_id, category_id, order_id, made_at, created_at,"
    " updated_at) SELECT user_id, 'n1', 'not_interested_product', 1, 1, 0, '2020-01-01', '2020-01-01', '2020-01-01'"
    " FROM users WHERE user_id % 5 = 0",
    "UPDATE products SET is_visible = 0 WHERE product_id % 9 = 0",
]
"""Guests, cancelled orders, returns, gifts, refused and hidden products."""


@pytest.fixture(scope="session")
def odd_store(tmp_path_factory: pytest.TempPathFactory) -> MLStore:
    folder = tmp_path_factory.mktemp("odd")
    url = f"sqlite:///{folder / 'shop.db'}"
    fill_synthetic_shop(url, num_users=80, num_products=90, num_orders=1500)
    engine, store = open_engine(url), MLStore(str(folder / "store"))
    with engine.begin() as connection:
        for statement in ODDITIES[:-1]:
            assert connection.execute(text(statement)).rowcount > 0
    sync_shop(engine, store)
    with engine.begin() as connection:
        connection.execute(text(ODDITIES[-1] + " AND product_id % 2 = 0"))
    sync_shop(engine, store, full=True)
    engine.dispose()
    return store
