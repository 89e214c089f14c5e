"""Groups of rows: numbered by their keys, reduced in the order of the rows, added up exactly where that is asked."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from features.snapshot.groups import UNIT, Groups, find_bounds, number_groups, sort_keys

HUGE = 2**62


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([2, -1, 2, 0, -1, 2], id="as many numbers as keys"),
        pytest.param([7, -3, 7, 0, -3, 7], id="small"),
        pytest.param([HUGE, -HUGE, HUGE, 0, -HUGE, HUGE], id="wider than fits beside a place"),
        pytest.param([HUGE + 1, HUGE, HUGE + 1, HUGE], id="far from zero"),
        pytest.param([], id="none"),
    ],
)
def test_distinct_keys_are_numbered_ascending_and_found_where_they_stand_first(keys: list[int]) -> None:
    array = np.array(keys, dtype=np.int64)

    numbers, firsts = number_groups(array)

    distinct, expected_firsts, expected = np.unique(array, return_index=True, return_inverse=True)
    assert numbers.tolist() == expected.tolist()
    assert firsts.tolist() == expected_firsts.tolist()
    assert array[firsts].tolist() == distinct.tolist()


@pytest.mark.parametrize("factor", [1, 2**50], ids=["packed", "too wide to be packed"])
def test_equal_keys_keep_their_order(factor: int) -> None:
    keys = np.random.default_rng(5).integers(-20, 20, 20_000) * factor

    order, in_order = sort_keys(keys)

    assert order.tolist() == np.argsort(keys, kind="stable").tolist()
    assert (np.diff(in_order) == 0).tolist() == (np.diff(keys[order]) == 0).tolist()


def test_instants_and_whole_numbers_keep_their_types() -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 1, 2)]
    rows = pl.DataFrame({"key": [1, 1, 2], "at": days, "number": pl.Series([5, 4, 9], dtype=pl.UInt32)})
    groups = Groups(rows, ["key"])

    assert groups.reduce(rows["at"], "min").to_list() == [days[1], days[2]]
    assert groups.reduce(rows["number"], "max").equals(pl.Series([5, 9], dtype=pl.UInt32))
    assert groups.reduce(rows["number"], "sum").to_list() == [9, 9]


def test_a_group_without_values_has_no_least_but_a_sum() -> None:
    rows = pl.DataFrame({"key": [1, 2, 2], "value": [None, 3.0, None]})
    groups = Groups(rows, ["key"])

    assert groups.reduce(rows["value"], "min").to_list() == [None, 3.0]
    assert groups.reduce(rows["value"], "sum").to_list() == [0.0, 3.0]
    assert groups.total(rows["value"]).to_list() == [0, 3 / UNIT]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e12], ids=["thousandths", "ones", "beyond 64 bits of units"])
def test_a_total_is_exact_whatever_the_order(scale: float) -> None:
    values = pl.Series(np.random.default_rng(7).normal(0, scale, 5000))
    groups = Groups(pl.DataFrame({"key": np.zeros(5000, dtype=np.int64)}), ["key"])

    total = groups.total(values)

    assert total.to_list() == [sum(round(value / UNIT) for value in values)]
    assert total.equals(groups.total(values.reverse()))


def test_a_total_of_what_is_no_number_is_refused() -> None:
    groups = Groups(pl.DataFrame({"key": [1]}), ["key"])

    with pytest.raises(pl.exceptions.InvalidOperationError):
        groups.total(pl.Series([float("nan")]))


def test_bounds_say_where_each_owner_begins() -> None:
    assert find_bounds(np.array([4, 4, 2, 9, 9])).tolist() == [0, 2, 3, 5]
    assert find_bounds(np.array([], dtype=np.int64)).tolist() == [0]
