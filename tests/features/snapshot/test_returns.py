from collections.abc import Sequence
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from features.snapshot.purchases import load_purchases
from features.snapshot.returns import take_back
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from tests.features.purchase_rows import AS_OF
from tests.features.shop_writes import execute
from tests.support.tiny_shop import day

TICK = timedelta(microseconds=1)


def settle(quantities: Sequence[float]) -> list[float]:
    """Return what is kept of one user's lines of one product, oldest first; those that were given back wholly are 0."""
    ledger = pl.DataFrame(
        {
            "user_id": 1,
            "product_id": 7,
            "ordered_at": [AS_OF + timedelta(days=place) for place in range(len(quantities))],
            "order_id": list(range(len(quantities))),
            "quantity": [float(quantity) for quantity in quantities],
            "value": [2.0 * quantity for quantity in quantities],
            "discount": [0.5 * quantity for quantity in quantities],
        }
    )
    kept = take_back(ledger)
    assert (kept["value"] == 2 * kept["quantity"]).all()
    assert (kept["discount"] == 0.5 * kept["quantity"]).all()
    of_order = dict(kept.select("order_id", "quantity").rows())
    return [of_order.get(place, 0) for place in range(len(quantities))]


@pytest.mark.parametrize(
    ("quantities", "kept"),
    [
        ([2, 3], [2, 3]),
        ([2, 3, -1], [2, 2, 0]),
        ([2, 3, -4], [1, 0, 0]),
        ([2, -1, 3, -1], [1, 0, 2, 0]),
        ([2, -1, -1, 3], [0, 0, 0, 3]),
        ([-5, 2], [0, 2]),
        ([2, -9, 1, -1, 4], [0, 0, 0, 0, 4]),
        ([2, 0, 1], [2, 0, 1]),
        ([], []),
    ],
    ids=[
        "nothing",
        "a piece",
        "two orders",
        "each its own",
        "in parts",
        "bought before all",
        "too much",
        "zero",
        "none",
    ],
)
def test_a_return_takes_back_the_latest_pieces_before_it(quantities: list[float], kept: list[float]) -> None:
    assert settle(quantities) == kept


def test_returns_are_of_one_user_and_one_product() -> None:
    rows = {"user_id": [1, 1, 2, 1], "product_id": [7, 8, 7, 7], "quantity": [1.0, 1.0, 1.0, -1.0]}
    ledger = pl.DataFrame(rows | {"ordered_at": [AS_OF] * 3 + [AS_OF + timedelta(1)], "order_id": [1, 2, 3, 4]})

    kept = take_back(ledger.with_columns(value=1.0, discount=0.0))

    assert kept["order_id"].to_list() == [2, 3]


def test_what_came_back_was_not_bought_from_then_on(tiny_shop: Engine, store: MLStore) -> None:
    """User 1 gives back one bread of the 8th on the 10th, user 2 all cola of the 20th on the 24th."""
    orders = "INSERT INTO orders (order_id, user_id, status, ordered_at, total_amount, created_at, updated_at) VALUES "
    lines = (
        "INSERT INTO order_items (order_item_id, order_id, product_id, quantity, unit_price, created_at, updated_at) "
    )
    for order, user, product, pieces, on in ((21, 1, 3, -1, 10), (22, 2, 5, -2, 24)):
        at = f"2026-01-{on} 12:00:00.000000"
        execute(
            tiny_shop,
            f"{orders} ({order}, {user}, 'paid', '{at}', 0, '{at}', '{at}')",
            f"{lines} VALUES ({order}, {order}, {product}, {pieces}, 1, '{at}', '{at}')",
        )
    sync_shop(tiny_shop, store, verify=True)

    newest = load_purchases(store, day(25))

    assert newest.lines.filter(product_id=3)["order_id"].to_list() == [1, 4]
    assert newest.lines.filter(product_id=5).is_empty()
    assert newest.within(day(19), day(25)).rows() == [(1, 1, 1, True)]
    for instant in (day(10), day(10) + TICK, day(24), day(24) + TICK):
        then, back = load_purchases(store, instant), newest.before(instant)
        assert then.lines.equals(back.lines), instant
        assert (then.lines.filter(product_id=3, user_id=1).height, then.lines.filter(product_id=5).height) == (
            2 if instant <= day(10) else 1,
            1 if day(20) < instant <= day(24) else 0,
        )
