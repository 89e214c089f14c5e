from collections.abc import Sequence
from datetime import timedelta

import polars as pl
import pytest

from features.snapshot.returns import take_back
from tests.features.purchase_rows import AS_OF


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
