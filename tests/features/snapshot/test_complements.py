from datetime import UTC, datetime, timedelta
from math import log

import polars as pl
import pytest

from features.snapshot import complements
from features.snapshot.complements import PRIOR, build_complements

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPE_OF = {1: 10, 2: 20, 3: 30, 4: 10, 5: 40, 6: 20}


def ordered(*orders: list[int]) -> pl.DataFrame:
    rows = [
        (number, product, TYPE_OF[product], START + timedelta(days=number))
        for number, products in enumerate(orders)
        for product in products
    ]
    return pl.DataFrame(rows, schema=["order_id", "product_id", "type_code", "ordered_at"], orient="row")


def weights_of(found: pl.DataFrame, product_id: int) -> dict[int, float]:
    return dict(found.filter(product_id=product_id).select("neighbour_id", "weight").rows())


def test_what_every_order_holds_goes_with_nothing() -> None:
    found = build_complements(ordered(*[[1, 2, 3], [3, 5]] * 40))

    assert set(weights_of(found, 1)) == {2}
    assert weights_of(found, 3) == {}


def test_the_weight_is_what_common_orders_tell_beyond_popularity() -> None:
    orders = [*[[1, 2]] * 30, *[[1]] * 10, *[[2]] * 20, *[[3]] * 40]

    found = build_complements(ordered(*orders))

    lift = (30 + 5) / (40 * 50 / 100 + 5)
    together = (30 + PRIOR * 0.5 * lift) / (40 + PRIOR)
    assert weights_of(found, 1)[2] == pytest.approx(together * log(together / 0.5), rel=1e-5)


def test_rivals_of_one_type_are_no_complements_however_often_they_are_bought_together() -> None:
    found = build_complements(ordered(*[[1, 4]] * 50, *[[2, 5]] * 50))

    assert weights_of(found, 1) == {}
    assert set(weights_of(found, 2)) == {5}


def test_a_product_of_few_orders_goes_with_what_its_type_goes_with() -> None:
    found = build_complements(ordered(*[[1, 2]] * 40, [4], *[[3]] * 60))

    assert set(weights_of(found, 4)) == {2}
    assert weights_of(found, 4)[2] < weights_of(found, 1)[2]


def test_what_only_the_types_say_yields_to_what_its_own_orders_say() -> None:
    found = build_complements(ordered(*[[1, 2]] * 40, *[[4, 6]] * 20, *[[3]] * 60))

    assert weights_of(found, 4)[6] > weights_of(found, 4)[2] > 0


def test_the_strongest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = ordered(*[[1, 2, 3]] * 30, *[[1, 2]] * 10, *[[5]] * 80)
    assert set(weights_of(build_complements(orders), 1)) == {2, 3}
    monkeypatch.setattr(complements, "COMPLEMENTS_KEPT", 1)

    assert set(weights_of(build_complements(orders), 1)) == {2}


def test_the_newest_orders_the_best_sellers_and_the_most_bought_types_bound_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = ordered(*[[1, 5]] * 30, *[[3]] * 30, *[[1, 2]] * 30, *[[3]] * 30)
    assert set(weights_of(build_complements(orders), 1)) == {2, 5}

    monkeypatch.setattr(complements, "MOST_ORDERS", 60)
    assert set(weights_of(build_complements(orders), 1)) == {2}
    monkeypatch.setattr(complements, "MOST_ORDERS", 120)
    monkeypatch.setattr(complements, "MOST_TYPES", 1)  # without types, common orders still speak
    assert set(weights_of(build_complements(orders), 1)) == {2, 5}
    monkeypatch.setattr(complements, "MOST_PRODUCTS", 2)
    assert build_complements(orders).is_empty()


@pytest.mark.parametrize("orders", [[], [[1]], [[1, 1]]], ids=["none", "one product", "one product twice"])
def test_without_two_products_there_are_none(orders: list[list[int]]) -> None:
    lines = ordered([1]).clear() if not orders else ordered(*orders)

    assert build_complements(lines).is_empty()
