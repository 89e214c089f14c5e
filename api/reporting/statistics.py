"""Statistics of rates: Wilson's interval, the difference of two ratios, and the sample-ratio check of a split.

Plain formulas on plain numbers; what they are computed from lives in `api/reporting/attribution.py`.
"""

from collections.abc import Iterable
from math import erfc, sqrt
from typing import NamedTuple

Z_95 = 1.959963984540054
"""Half-width of a 95% interval in standard deviations."""


class Interval(NamedTuple):
    """An estimate and its 95% interval. All `None` where nothing was observed."""

    estimate: float | None
    low: float | None
    high: float | None


NOTHING = Interval(None, None, None)


def wilson(successes: float, trials: float) -> Interval:
    """Return a share with Wilson's score interval, which holds for few trials and for shares near 0 (Wilson, 1927).

    centre = (p + z²/2n) / (1 + z²/n), half-width = z / (1 + z²/n) * sqrt(p(1-p)/n + z²/4n²)
    """
    if trials == 0:
        return NOTHING
    share, square = successes / trials, Z_95**2
    scale = 1 + square / trials
    centre = (share + square / (2 * trials)) / scale
    half = Z_95 / scale * sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    low, high = centre - half, centre + half
    return Interval(share, 0.0 if successes == 0 else low, 1.0 if successes == trials else high)


class Ratio(NamedTuple):
    """A ratio of two sums over users, such as clicks per impression, and its variance."""

    estimate: float
    variance: float


def ratio_of_sums(users: Iterable[tuple[float, float]]) -> Ratio | None:
    """Estimate sum(y) / sum(x) over users, who are independent while their impressions are not (delta method).

    variance = n/(n-1) * sum((y - r x)²) / sum(x)²

    Args:
        users: (y, x) of each user.

    Returns:
        The ratio; `None` for fewer than two users or without any x.
    """
    pairs = list(users)
    total = sum(x for _, x in pairs)
    if len(pairs) < 2 or total == 0:
        return None
    ratio = sum(y for y, _ in pairs) / total
    residuals = sum((y - ratio * x) ** 2 for y, x in pairs)
    return Ratio(ratio, len(pairs) / (len(pairs) - 1) * residuals / total**2)


def difference(left: Ratio | None, right: Ratio | None) -> Interval:
    """Return right minus left with its 95% interval."""
    if left is None or right is None:
        return NOTHING
    estimate, half = right.estimate - left.estimate, Z_95 * sqrt(left.variance + right.variance)
    return Interval(estimate, estimate - half, estimate + half)


def split_p_value(observed: tuple[int, int], second_share: float) -> float | None:
    """Return how likely a split at least as uneven would be, if users were split as intended (chi-square, 1 df).

    Args:
        observed: users seen in the first and the second variant.
        second_share: share intended for the second, between 0 and 1.

    Returns:
        The p-value; below 0.001 the split is broken and the experiment means nothing. `None` without users.
    """
    total = sum(observed)
    if total == 0:
        return None
    expected = (total * (1 - second_share), total * second_share)
    chi_square = sum((seen - wanted) ** 2 / wanted for seen, wanted in zip(observed, expected, strict=True))
    return erfc(sqrt(chi_square / 2))
