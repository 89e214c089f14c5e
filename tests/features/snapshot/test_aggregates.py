"""Windows and aggregates of the feature rows: what a row declares is what is computed."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from features import definitions
from features.definitions import FEATURES, Feature, UnfilledFeatureError
from features.snapshot.aggregates import AGGREGATES, Grouping, aggregate, decayed, select_declared
from features.snapshot.history import build_history, build_pairs
from features.snapshot.products import build_product_features
from features.snapshot.purchases import Purchases
from features.snapshot.users import build_user_category_features, build_user_features, describe_categories
from tests.features.purchase_rows import make_purchases

# Computed at ranking time, for candidates: features/ranking.
AT_RANKING = {row.name for row in FEATURES if row.entity == "pair" and not row.is_of_history}
WINDOWED = [row for row in FEATURES if row.window != "all" and row.name not in AT_RANKING]
LINES = pl.DataFrame(
    {
        "user_id": [1, 1, 1, 1],
        "days": [1.0, 10.0, 28.0, 40.0],
        "first": [1.0, 30.0, 28.0, 40.0],
        "quantity": [1.0, 2.0, 4.0, 8.0],
        "value": [1.0, 10.0, 100.0, 1000.0],
        "discount": [1.0, 10.0, 0.0, 1000.0],
    }
)


@pytest.fixture(scope="module")
def purchases() -> Purchases:
    """Some months of six users with products old and new, at prices and discounts that change."""
    generator = np.random.default_rng(3)
    rows = [
        (user, product, float(age)) for user in range(1, 7) for product in range(8) for age in (2, 5, 20, 40, 70, 120)
    ]
    made = make_purchases([row for row in rows if generator.random() < 0.2] + [(1, 9, 5.0), (2, 9, 2.0), (3, 10, 20.0)])
    age = pl.col("days")
    return dataclasses.replace(
        made, lines=made.lines.with_columns(value=1 + age, discount=0.1 * (age + pl.col("user_id")))
    )


def compute(purchases: Purchases, feature: Feature) -> list[float]:
    pairs = build_pairs(purchases)
    products = build_product_features(purchases, pairs)
    frames = [
        products,
        build_user_features(purchases),
        build_user_category_features(purchases),
        build_history(purchases, pairs, products),
    ]
    return next(frame[feature.name].to_list() for frame in frames if feature.name in frame.columns)


@pytest.mark.parametrize("feature", WINDOWED, ids=lambda feature: feature.name)
def test_a_rows_window_is_the_one_that_is_computed(
    purchases: Purchases, feature: Feature, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = compute(purchases, feature)
    shorter = dataclasses.replace(feature, window="half 3 d" if feature.is_decayed else "4 d")

    rows = [shorter if row.name == feature.name else row for row in FEATURES]
    monkeypatch.setattr(definitions, "FEATURES", tuple(rows))

    assert compute(purchases, feature) != before


@pytest.mark.parametrize(
    ("kind", "window", "expected"),
    [
        ("count", "all", 4),
        ("count", "28 d", 2),  # one exactly as old as the window lies outside
        ("count", "half 10 d", sum(0.5 ** (age / 10) for age in (1, 10, 28, 40))),
        ("first", "all", 40),
        ("first", "28 d", 10),
        ("last", "all", 1),
        ("interval", "all", 13),
        ("interval", "28 d", 9),
        ("buyers", "28 d", 2),
        ("new_buyers", "29 d", 2),
        ("pieces", "28 d", 3),
        ("spend", "28 d", 11),
        ("discount_share", "28 d", 0.5),
        ("discount_share", "all", 1011 / 2122),
    ],
)
def test_an_aggregate_by_hand(kind: definitions.Aggregate, window: str, expected: float) -> None:
    feature = dataclasses.replace(FEATURES[0], aggregate=kind, window=window)

    rows = Grouping()
    found = rows.reduce(LINES, ["user_id"], {"found": AGGREGATES[kind](rows, feature)})

    assert found["found"].to_list() == pytest.approx([expected])


def test_groups_are_reduced_without_nulls_and_sorted_by_their_keys() -> None:
    rows = Grouping()
    value = pl.col("value")
    features = {
        "count": rows.count(),
        "sum": rows.sum(value),
        "least": rows.min(value),
        "greatest": rows.max(value),
        "mean": rows.mean(value),
        "above_1": rows.sum(value > 1),
        "spread": rows.max(value) - rows.min(value),
    }
    frame = pl.DataFrame({"a": [2, 1, 1, 1, 1], "b": [-5, 7, 7, 7, 3], "value": [None, 1.0, None, 4.0, 2.0]})

    found = rows.reduce(frame, ["a", "b"], features)

    assert found.rows() == [
        (1, 3, 1, 2.0, 2.0, 2.0, 2.0, 1, 0.0),
        (1, 7, 3, 5.0, 1.0, 4.0, 2.5, 1, 3.0),
        (2, -5, 1, 0.0, None, None, None, 0, None),
    ]


def test_parts_of_the_rows_merge_to_what_all_of_them_give_to_the_last_bit() -> None:
    rows, value = Grouping(in_parts=True), pl.col("value")
    features = {
        "count": rows.count(),
        "least": rows.min(value),
        "greatest": rows.max(value),
        "total": rows.total(value),
        "above": rows.sum(value > 0.5),
    }
    values = np.random.default_rng(3).lognormal(0, 6, 3000)
    frame = pl.DataFrame({"key": np.arange(3000) % 7, "value": values})
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    cuts = [shuffled[:10], shuffled[10:2000], shuffled[2000:]]

    merged = rows.merge_parts([rows.reduce_part(cut, ["key"]) for cut in cuts], ["key"]).select("key", **features)

    assert merged.equals(rows.reduce(frame, ["key"], features))
    assert merged["total"].to_list() == pytest.approx(frame.group_by("key").agg(value.sum()).sort("key")["value"])


def test_means_of_parts_are_not_merged() -> None:
    rows = Grouping(in_parts=True)
    rows.mean(pl.col("quantity"))
    part = rows.reduce_part(LINES, ["user_id"])

    with pytest.raises(AssertionError, match="do not add up"):
        rows.merge_parts([part, part], ["user_id"])


@pytest.mark.parametrize("lines_of_an_order", [1, 5])
def test_rows_of_one_age_that_stand_together_are_weighed_as_each_alone(lines_of_an_order: int) -> None:
    ages = np.repeat([40.0, 28.0, 40.0, 1.0], lines_of_an_order)
    frame = pl.DataFrame({"user_id": np.arange(len(ages)) % 2, "days": ages})
    rows = Grouping()

    found = rows.reduce(frame, ["user_id"], {"decayed": decayed(rows, 28), "last": rows.min(pl.col("days"))})

    expected = frame.group_by("user_id").agg(decayed=(0.5 ** (pl.col("days") / 28)).sum(), last=pl.col("days").min())
    assert found["decayed"].to_list() == pytest.approx(expected.sort("user_id")["decayed"].to_list(), rel=1e-12)
    assert found["last"].to_list() == expected.sort("user_id")["last"].to_list()


def test_no_rows_are_no_groups() -> None:
    rows = Grouping()

    assert rows.reduce(LINES.clear(), ["user_id"], {"count": rows.count()}).is_empty()


def test_a_row_with_an_aggregate_needs_no_expression(purchases: Purchases, monkeypatch: pytest.MonkeyPatch) -> None:
    row = definitions.find_feature("user_orders_28d")
    added = dataclasses.replace(row, name="user_orders_56d", window="56 d")

    monkeypatch.setattr(definitions, "FEATURES", (*FEATURES, added))

    assert {"user_orders_56d", "user_orders_28d"} <= aggregate(Grouping(), "user").keys()
    assert max(compute(purchases, added)) > max(compute(purchases, row))


def test_a_declared_feature_that_was_not_computed_is_named(purchases: Purchases) -> None:
    frame = build_user_features(purchases).drop("user_orders")

    with pytest.raises(UnfilledFeatureError, match=r"'user_orders'.*features/snapshot/users\.py"):
        select_declared(frame, ["user_id"], "user")


def test_a_category_nobody_bought_from_within_the_window_reaches_nobody(
    purchases: Purchases, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = purchases.lines.filter((pl.col("category_id") == 1) | (pl.col("days") > 28))

    reach = dict(describe_categories(lines).select("category_id", "category_reach_28d").rows())

    assert {category: share > 0 for category, share in reach.items()} == {1: True, 2: False, 3: False}
