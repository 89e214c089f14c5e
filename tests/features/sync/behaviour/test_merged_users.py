"""Customers that the shop has merged: by a join with its table of them, the orders of one count for the other."""

import re
from pathlib import Path

from sqlalchemy import Engine

from features.snapshot.purchases import load_purchases
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from shop.mapping.model import ShopMapping, parse_mapping
from tests.features.shop_writes import current, execute
from tests.support.tiny_shop import day

PAGE = Path(__file__).parents[4] / "docs" / "your-shop.md"
MERGED = "CREATE TABLE merged (user_id BIGINT PRIMARY KEY, survivor_id BIGINT NOT NULL, merged_at DATETIME(6) NOT NULL)"


def read_example() -> ShopMapping:
    """Read the mapping that the page shows for it."""
    examples = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = [example for example in examples if "merged" in example]
    return parse_mapping(example, "shop.toml")


def test_orders_of_a_merged_user_count_for_the_survivor_from_then_on(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, MERGED)
    sync_shop(server_shop, store, mapping=read_example(), verify=True)
    execute(server_shop, "INSERT INTO merged VALUES (2, 1, '2026-01-23 12:00:00')")

    report = sync_shop(server_shop, store, mapping=read_example(), verify=True)

    assert report.is_equal
    assert current(store, "users", "nickname").keys() == {1, 3, 4}
    assert set(current(store, "orders", "user_id").values()) == {1, 3}
    before, after = load_purchases(store, day(23)), load_purchases(store, day(25))
    assert before.lines["user_id"].unique().sort().to_list() == [1, 2]
    assert after.lines["user_id"].unique().to_list() == [1]
    assert after.lines.height == before.lines.height == 9
