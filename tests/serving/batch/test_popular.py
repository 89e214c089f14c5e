"""Shared lists hold what the shop can show."""

from datetime import UTC, datetime

import polars as pl

from serving.batch.popular import rank_popular

PRODUCTS = pl.DataFrame(
    {
        "product_id": [1, 2, 3],
        "category_id": [1, 1, 2],
        "popularity": [1.0, 9.0, 2.0],
        "first_sold_at": [datetime(2026, 1, number, tzinfo=UTC) for number in (1, 3, 2)],
        "is_sellable": [True, True, True],
    }
)


def lists_of(ranked: pl.DataFrame) -> dict[tuple[str, int], list[int]]:
    keys = ("scope", "scope_category_id")
    return {key: rows["product_id"].to_list() for key, rows in ranked.group_by(keys, maintain_order=True)}


def test_the_best_sellers_and_the_newest_come_first() -> None:
    assert lists_of(rank_popular(PRODUCTS)) == {
        ("category", 1): [2, 1],
        ("category", 2): [3],
        ("global", 0): [2, 3, 1],
        ("newest", 0): [2, 3, 1],
    }


def test_what_is_hidden_or_sold_out_is_in_no_list() -> None:
    ranked = rank_popular(PRODUCTS.with_columns(is_sellable=pl.col("product_id") != 2))

    assert lists_of(ranked) == {
        ("category", 1): [1],
        ("category", 2): [3],
        ("global", 0): [3, 1],
        ("newest", 0): [3, 1],
    }
