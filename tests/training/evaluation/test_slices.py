"""Bounds of the slices, a user by hand on either side of each; how slices decide is in tests/training/gate."""

from dataclasses import replace

import numpy as np

from tests.training.evaluation.conftest import bought, with_user_column
from training.data.windows import Window
from training.evaluation.metrics import bootstrap_interval
from training.evaluation.slices import compare_users, slice_users

USERS = np.arange(6)


def slices_of(window: Window, **columns: list[float]) -> dict[str, list[int]]:
    """The users of each slice, with these features of the first six."""
    arrays = window.arrays
    for name, values in columns.items():
        arrays = with_user_column(arrays, name, values)
    slices = slice_users(replace(window, arrays=arrays), USERS)
    return {name: np.flatnonzero(users).tolist() for name, users in slices.items()}


def test_new_light_and_heavy_by_the_number_of_orders(window: Window) -> None:
    slices = slices_of(window, user_orders=[0, 2, 3, 4, 5, np.nan])

    assert (slices["new users"], slices["light users"], slices["heavy users"]) == ([0, 1, 5], [2, 3], [4])


def test_all_new_are_neither_light_nor_heavy(window: Window) -> None:
    slices = slices_of(window, user_orders=[0, 1, 2, 0, 1, 2])

    assert (slices["new users"], slices["light users"], slices["heavy users"]) == (USERS.tolist(), [], [])


def test_lapsed_users_ordered_more_than_eight_weeks_ago_or_never(window: Window) -> None:
    slices = slices_of(window, user_days_since_order=[0, 56, 56.01, 400, np.nan, 1])

    assert slices["lapsed users"] == [2, 3, 4]


def test_buyers_of_a_category_are_its_slice(window: Window) -> None:
    first, second = window.arrays.category_ids[:2]

    slices = slices_of(replace(window, categories=bought((1, 0), (3, 0), (3, 1), (-1, 1))))

    assert (slices[f"category {first}"], slices[f"category {second}"]) == ([1, 3], [3])


def test_a_gain_is_of_the_means_with_an_interval_of_99_percent() -> None:
    ours, theirs = np.random.default_rng(4).random((2, 60))

    gain = compare_users("some", ours, theirs)

    assert (gain.num_users, gain.ours, gain.theirs) == (60, ours.mean(), theirs.mean())
    assert (gain.low, gain.high) == bootstrap_interval(ours - theirs, level=0.99)
    assert gain.difference == gain.ours - gain.theirs


def test_a_slice_of_nobody_says_nothing() -> None:
    gain = compare_users("nobody", np.empty(0), np.empty(0))

    assert (gain.num_users, gain.is_worse) == (0, False)
    assert np.isnan([gain.ours, gain.theirs, gain.low, gain.high]).all()
