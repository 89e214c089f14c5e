"""A mapped shop's bags: named once, they are neither stored nor learned from, and nothing waits for them."""

from pathlib import Path

from sqlalchemy import Engine

from features.rebuild import build_snapshot
from features.snapshot.purchases import load_purchases
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.mapping.model import CANONICAL_FILE, load_mapping
from tests.features.shop_writes import current, execute
from tests.support.tiny_shop import day

LINES_OF_BREAD = {2, 4, 6}


def write_mapping(folder: Path) -> Path:
    path = folder / "shop.toml"
    table = '[products]\ntable = "products"'
    path.write_text(CANONICAL_FILE.read_text().replace(table, f"{table}\nnot_wares = \"product_type = 'Bread'\""))
    return path


def test_what_is_no_ware_is_not_stored_and_makes_no_basket_larger(
    server_shop: Engine, store: MLStore, tmp_path: Path
) -> None:
    report = sync_shop(server_shop, store, mapping=load_mapping(write_mapping(tmp_path)), verify=True)

    assert report.is_equal
    assert report.tables["order_items"].counts.num_quarantined == 0
    assert 3 not in current(store, "products", "title")
    assert current(store, "order_items", "product_id").keys().isdisjoint(LINES_OF_BREAD)
    snapshot = build_snapshot(load_purchases(store, day(25)))
    assert snapshot.users.filter(user_id=1)["user_basket_products"].item() == 1
    assert snapshot.users.filter(user_id=1)["user_basket_value"].item() == 3.125
    assert 3 not in [*snapshot.history["product_id"], *snapshot.products["product_id"]]


def test_a_ware_that_becomes_none_goes_and_one_that_was_none_comes(
    server_shop: Engine, store: MLStore, tmp_path: Path
) -> None:
    sync_shop(server_shop, store)
    mapping = load_mapping(write_mapping(tmp_path))
    named = sync_shop(server_shop, store, mapping=mapping, verify=True)
    execute(server_shop, "UPDATE products SET product_type = 'Cake' WHERE product_id = 3")

    renamed = sync_shop(server_shop, store, mapping=mapping, verify=True)

    assert (named.is_equal, named.tables["order_items"].counts.num_deleted) == (True, 3)
    assert (renamed.is_equal, renamed.tables["order_items"].counts.num_revived) == (True, 3)
    assert current(store, "order_items", "product_id").keys() >= LINES_OF_BREAD
