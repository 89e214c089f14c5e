"""Bounds of the health checks, a sample by hand on either side of each; tests/training/gate has real versions."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.evaluation.conftest import bought
from training.data.windows import Window
from training.evaluation.checks import MIN_USERS, Check, Sample, check_health
from training.evaluation.lists import K


def lists_of(products: list[list[int]]) -> Sample:
    """A sound sample of these lists: as many candidates as products, scores that fall, no categories."""
    rows = np.full((len(products), K), -1, dtype=np.int64)
    for row, listed in zip(rows, products, strict=True):
        row[: len(listed)] = listed
    scores = np.where(rows >= 0, -np.arange(K, dtype=np.float32), np.nan).astype(np.float32)
    users, none = np.arange(len(rows)), np.zeros((len(rows), 0))
    finite = np.zeros(1, dtype=np.float32)
    return Sample(users, rows, scores, finite, (rows >= 0).sum(axis=1), np.zeros((1, 1), np.float32), none > 0, users)


def many(num_users: int = MIN_USERS) -> Sample:
    """Lists without a fault: all of 40 products, each user beginning at another one."""
    return lists_of([[(user + rank) % 40 for rank in range(K)] for user in range(num_users)])


def find_failed(window: Window, sample: Sample) -> set[str]:
    return {check.name for check in check_health(window, sample) if not check.has_passed}


@pytest.fixture
def bare_window(window: Window) -> Window:
    """A window in which nobody bought anything."""
    return replace(window, products=bought())


def test_lists_without_a_fault_pass(bare_window: Window) -> None:
    assert find_failed(bare_window, many()) == set()


def test_whoever_fails_a_check_of_health_is_refused(bare_window: Window) -> None:
    assert {check.name: (check.sense, check.consequence) for check in check_health(bare_window, many())} == {
        "finite_scores": (">=", "refuse"),
        "coverage": (">=", "refuse"),
        "flat_lists": ("<=", "refuse"),
        "top_product_share": ("<=", "refuse"),
        "distinct_products": (">=", "refuse"),
    }


def test_one_score_that_is_no_number_is_enough(bare_window: Window) -> None:
    values = np.zeros((1000, 1), dtype=np.float32)
    values[7] = np.inf

    assert find_failed(bare_window, replace(many(), all_scores=values)) == {"finite_scores"}
    assert find_failed(bare_window, replace(many(), probabilities=values)) == {"finite_scores"}


@pytest.mark.parametrize(("num_short", "failed"), [(1, set()), (2, {"coverage"})], ids=["1 of 200", "2 of 200"])
def test_coverage_is_of_lists_as_long_as_their_candidates_allow(
    bare_window: Window, num_short: int, failed: set[str]
) -> None:
    lists = many(200)
    lists.products[:num_short, K - 1] = -1
    lists.num_candidates[:] = K + 5
    lists.num_candidates[-1], lists.products[-1, 1:], lists.scores[-1, 1:] = 1, -1, np.nan

    assert find_failed(bare_window, lists) == failed


@pytest.mark.parametrize(("num_flat", "failed"), [(5, set()), (6, {"flat_lists"})], ids=["5 of 100", "6 of 100"])
def test_a_list_of_one_candidate_is_not_flat(bare_window: Window, num_flat: int, failed: set[str]) -> None:
    lists = many()
    lists.scores[:num_flat] = -0.5  # between the best and the worst of the others
    lists.products[num_flat:50, 1:], lists.scores[num_flat:50, 1:], lists.num_candidates[num_flat:50] = -1, np.nan, 1

    assert find_failed(bare_window, lists) == failed


def test_two_candidates_of_one_score_are_flat(bare_window: Window) -> None:
    lists = many()
    lists.scores[:6], lists.products[:6, 2:], lists.num_candidates[:6] = 0.5, -1, 2

    assert find_failed(bare_window, lists) == {"flat_lists"}


@pytest.mark.parametrize(
    ("buyers", "num_alike", "failed"),
    [
        ([], 50, set()),
        ([], 51, {"top_product_share"}),
        ([(0, 9), (1, 9), (2, 9), (3, 1)], 75, set()),
        ([(0, 9), (1, 9), (2, 9), (3, 1)], 76, {"top_product_share"}),
        ([(0, 9), (1, 9), (2, 9), (3, 1), (-1, 9)], 76, {"top_product_share"}),
        ([(0, 9)], MIN_USERS, set()),
    ],
    ids=["half", "more than half", "as many as buy it", "more than buy it", "buyers that were not known", "one buyer"],
)
def test_lists_may_begin_alike_as_far_as_half_or_as_shoppers_buy_alike(
    window: Window, buyers: list[tuple[int, int]], num_alike: int, failed: set[str]
) -> None:
    lists = many()
    lists.products[:, 0] = [0] * num_alike + [100 + place for place in range(MIN_USERS - num_alike)]

    assert find_failed(replace(window, products=bought(*buyers)), lists) == failed


def test_lists_that_begin_with_no_product_do_not_begin_alike(bare_window: Window) -> None:
    lists = many()
    lists.products[:, 0] = -1

    assert "top_product_share" not in find_failed(bare_window, lists)


@pytest.mark.parametrize(
    ("num_best_sellers", "num_shown", "failed"),
    [
        (100, 24, set()),
        (100, 23, {"distinct_products"}),
        (10, 6, set()),
        (10, 5, {"distinct_products"}),
    ],
    ids=["24 of 40", "23 of 40", "6 of 10 that sell", "5 of 10 that sell"],
)
def test_distinct_products_are_counted_without_the_ends_of_short_lists(
    bare_window: Window, num_best_sellers: int, num_shown: int, failed: set[str]
) -> None:
    arrays = bare_window.arrays
    is_sellable = np.isin(np.arange(len(arrays.product_ids)), arrays.best_sellers[:num_best_sellers])
    few = replace(bare_window, arrays=replace(arrays, is_sellable=is_sellable))
    lists = lists_of([[(user + rank) % num_shown for rank in range(min(num_shown, K - 1))] for user in range(100)])

    assert find_failed(few, lists) == failed


@pytest.mark.parametrize(("num_users", "speaks"), [(99, False), (100, True)])
def test_shares_over_users_speak_from_a_hundred_on(bare_window: Window, num_users: int, speaks: bool) -> None:
    alike = lists_of([[7, 8]] * num_users)

    assert find_failed(bare_window, alike) == ({"top_product_share", "distinct_products"} if speaks else set())


def test_a_failed_check_names_value_bound_and_meaning(bare_window: Window) -> None:
    lists = many()
    lists.scores[:6] = -0.5

    [failed] = [check for check in check_health(bare_window, lists) if not check.has_passed]

    assert str(failed) == "flat_lists is 0.06, wanted <= 0.05 (share of lists whose scores are all equal)"


@pytest.mark.parametrize(
    ("sense", "value", "has_passed"),
    [(">=", 0.5, True), (">=", 0.49, False), ("<=", 0.5, True), ("<=", 0.51, False), ("<=", float("nan"), False)],
)
def test_a_bound_itself_passes(sense: str, value: float, has_passed: bool) -> None:
    assert Check("name", value, sense, 0.5, "flag", "meaning").has_passed is has_passed  # type: ignore[arg-type]
