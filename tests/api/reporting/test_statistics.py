import random

import pytest

from api.reporting.statistics import NOTHING, Ratio, difference, ratio_of_sums, split_p_value, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(15, 148, 0.0624, 0.1605), (1, 10, 0.0179, 0.4042), (9, 10, 0.5958, 0.9821)],
)
def test_wilsons_interval_as_published(successes: int, trials: int, low: float, high: float) -> None:
    interval = wilson(successes, trials)

    assert [interval.low, interval.high] == pytest.approx([low, high], abs=1e-4)


@pytest.mark.parametrize("trials", [1, 3, 7, 10, 49, 148, 1000])
def test_none_and_all_end_their_intervals_exactly(trials: int) -> None:
    assert (wilson(0, trials).low, wilson(trials, trials).high) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (1, 1)])
def test_an_interval_holds_its_estimate_and_stays_a_share(successes: int, trials: int) -> None:
    interval = wilson(successes, trials)

    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.low < interval.high


def test_the_variance_of_a_ratio_by_hand() -> None:
    """Ratio 3/8, residuals 1/4, -3/4 and 1/2: variance 3/2 * 7/8 / 64."""
    assert ratio_of_sums([(1, 2), (0, 2), (2, 4)]) == pytest.approx((3 / 8, 3 / 2 * 7 / 8 / 64))


@pytest.mark.parametrize(
    ("users", "expected"), [([(1, 2), (0, 2)], (1 / 4, 2 * 1 / 2 / 16)), ([(1, 1), (0, 0)], (1.0, 0.0))], ids=str
)
def test_two_users_are_enough_for_a_ratio(users: list[tuple[float, float]], expected: tuple[float, float]) -> None:
    assert ratio_of_sums(users) == pytest.approx(expected)


def test_the_half_width_of_a_difference_by_hand() -> None:
    interval = difference(Ratio(0.25, 0.0009), Ratio(0.5, 0.0016))

    assert interval == pytest.approx((0.25, 0.25 - 1.959964 * 0.05, 0.25 + 1.959964 * 0.05))


def test_nothing_observed_says_nothing() -> None:
    assert wilson(0, 0) == NOTHING
    assert ratio_of_sums([(1, 2)]) is ratio_of_sums([(0, 0), (0, 0)]) is None
    known = Ratio(0.25, 0.0009)
    assert difference(None, None) == difference(known, None) == difference(None, known) == NOTHING
    assert split_p_value((0, 0), 0.5) is None


def test_two_equal_variants_differ_by_chance_alone_in_one_of_twenty_trials() -> None:
    rng = random.Random(1)

    def users() -> list[tuple[float, float]]:
        people: list[tuple[float, float]] = []
        for _ in range(120):
            rate, shown = rng.betavariate(2, 8), rng.randint(1, 30)
            people.append((sum(rng.random() < rate for _ in range(shown)), shown))
        return people

    differences = [difference(ratio_of_sums(users()), ratio_of_sums(users())) for _ in range(300)]

    misses = sum(not each.low <= 0 <= each.high for each in differences)
    assert 4 <= misses <= 32


@pytest.mark.parametrize(
    ("observed", "is_broken"), [((500, 500), False), ((520, 480), False), ((600, 400), True)], ids=str
)
def test_an_uneven_split_is_unlikely(observed: tuple[int, int], is_broken: bool) -> None:
    assert (split_p_value(observed, 0.5) < 0.001) is is_broken


def test_the_p_value_of_a_split_by_hand() -> None:
    """60 and 40 where 50 and 50 were intended: chi-square 4, two standard deviations."""
    assert split_p_value((60, 40), 0.5) == pytest.approx(0.0455, abs=1e-4)
    assert split_p_value((80, 20), 0.2) == pytest.approx(1.0)
