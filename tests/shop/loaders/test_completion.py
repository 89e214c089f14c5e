from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from shop.loaders.canonical import TABLES
from shop.loaders.completion import complete_tables, from_cents, recent_prices

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


def minimal() -> dict[str, pl.DataFrame]:
    """One user who bought product 1 on two days, and product 2 that nobody bought."""
    return {
        "users": pl.DataFrame({"user_id": [1]}),
        "products": pl.DataFrame({"product_id": [1, 2]}),
        "orders": pl.DataFrame(
            {"order_id": [1, 2], "user_id": [1, 1], "ordered_at": [START, START + timedelta(days=1)]},
            schema_overrides={"ordered_at": INSTANT},
        ),
        "order_items": pl.DataFrame({"order_id": [1, 2], "product_id": [1, 1]}),
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_comes_out_whole(table: object) -> None:
    frame = complete_tables(minimal())[table.name]  # type: ignore[attr-defined]

    assert frame.schema == table.schema()  # type: ignore[attr-defined]


def test_nothing_is_missing_where_it_must_not_be() -> None:
    tables = complete_tables(minimal())

    for table in TABLES:
        for column in table.columns:
            if not column.nullable:
                assert not tables[table.name][column.name].has_nulls(), f"{table.name}.{column.name}"


def test_what_was_never_sold_is_known_from_the_start() -> None:
    products = complete_tables(minimal())["products"]

    assert products["created_at"].to_list() == [START, START]


def test_no_row_changes_before_it_is_created() -> None:
    frames = minimal()
    frames["users"] = frames["users"].with_columns(updated_at=pl.lit(START - timedelta(days=9), INSTANT))

    users = complete_tables(frames)["users"]

    assert users["updated_at"].to_list() == users["created_at"].to_list()


def test_blanks_are_filled_and_the_rest_is_kept() -> None:
    frames = minimal()
    frames["products"] = frames["products"].with_columns(title=pl.Series(["Tea", None]))

    assert complete_tables(frames)["products"]["title"].to_list() == ["Tea", "Product 2"]


def test_a_price_is_the_median_of_the_last_purchases() -> None:
    days = [START + timedelta(days=day) for day in range(30)]
    prices = [Decimal("9.00")] * 10 + [Decimal("0.00")] + [Decimal("5.00")] * 11 + [Decimal("6.00")] * 8
    items = pl.DataFrame(
        {"product_id": [1] * 30, "unit_price": prices, "ordered_at": days},
        schema_overrides={"unit_price": pl.Decimal(12, 2), "ordered_at": INSTANT},
    )

    assert recent_prices(items)["price"].to_list() == [Decimal("5.00")]


def test_cents_become_exact_amounts() -> None:
    cents = [0, 1, 29, 1999, 999_999_999_999]

    amounts = pl.DataFrame({"cents": cents}).select(from_cents(pl.col("cents"))).to_series()

    assert amounts.to_list() == [Decimal(number) / 100 for number in cents]


def test_cents_beyond_an_amount_become_none() -> None:
    assert pl.DataFrame({"cents": [10**12, 10**30]}, schema={"cents": pl.Int128()}).select(
        from_cents(pl.col("cents"))
    ).to_series().to_list() == [None, None]
