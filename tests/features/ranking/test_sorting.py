"""Sorting of scores: falling, equal ones in the order in which they stand, missing ones last."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from features.ranking.sorting import find_best, sort_within

SCORES = st.sampled_from([-np.inf, -3.5, -1e-30, -0.0, 0.0, 1e-30, 0.25, 0.25000003, 7.0, 1e30])


@given(
    scores=arrays_of.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=SCORES),
    data=st.data(),
)
def test_the_best_are_those_of_a_stable_sort(scores: np.ndarray, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, scores.shape[1]))

    best = find_best(scores, k)

    assert best.tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :k].tolist()


def test_scores_that_are_no_numbers_come_last() -> None:
    numbers = np.array([[np.nan, -5.0, -np.nan, 2.0]], dtype=np.float32)

    assert find_best(numbers, 2).tolist() == [[3, 1]]


@given(pairs=st.lists(st.tuples(st.integers(0, 5), SCORES), max_size=30))
def test_scores_are_sorted_within_their_owners(pairs: list[tuple[int, float]]) -> None:
    owners = np.array(sorted(owner for owner, _ in pairs), dtype=np.int64)
    scores = np.array([score for _, score in pairs], dtype=np.float32)

    order, ranks = sort_within(owners, scores)

    assert order.tolist() == np.lexsort((-scores, owners)).tolist()
    assert ranks.tolist() == [int((owners[:place] == owner).sum()) for place, owner in enumerate(owners)]


@pytest.mark.parametrize("owners", [[3, 3, 7, 7], [3, 7, 7, 7]], ids=["as many each", "one more than the other"])
def test_scores_of_another_precision_are_taken_as_float32(owners: list[int]) -> None:
    scores: Any = np.array([0.25, 0.5, 2.0, 0.125], dtype=np.float64)

    order, _ = sort_within(np.array(owners), scores)

    assert order.tolist() == np.lexsort((-scores, np.array(owners))).tolist()
