"""Sanity checks of a version: health of its lists, and behaviour that any recommender should show.

Measured on a sample of the evaluated users, through the code that serves. A broken health check refuses a version; an
odd behaviour or poor calibration is flagged, for a reviewer to weigh.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.definitions import HISTORY_FEATURES
from features.snapshot.arrays import Float32, Int64, SnapshotArrays
from training.data.windows import Window
from training.evaluation.lists import K
from training.evaluation.metrics import count_distinct
from training.ranking.chunks import map_chunks
from training.ranking.ranker import Ranker
from training.ranking.topk import lay_out, rank_top

SAMPLE_USERS = 512
ALONE_USERS = 5
HABIT_USERS = 256
MIN_USERS = 100
"""Below so many users, shares over users mean nothing and pass."""
MORE_OFTEN = (
    *("pair_orders", "pair_orders_28d", "pair_orders_91d"),
    *("pair_decayed_7d", "pair_decayed_28d", "pair_decayed_112d"),
)

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """One measured value and its bound.

    Attributes:
        name: of the check.
        value: measured.
        sense, bound: what passes; NaN never does.
        consequence: of failing: `refuse` the version, or `flag` it.
        meaning: what the value is.
        min_users: over fewer users it passes.
        num_users: over which it was measured.
    """

    name: str
    value: float
    sense: Literal[">=", "<="]
    bound: float
    consequence: Literal["refuse", "flag"]
    meaning: str
    num_users: int = MIN_USERS
    min_users: int = 0

    @property
    def has_passed(self) -> bool:
        """Whether the value is within its bound, or says nothing."""
        if self.num_users < self.min_users:
            return True
        return self.value >= self.bound if self.sense == ">=" else self.value <= self.bound

    def __str__(self) -> str:
        """Name value, bound and meaning."""
        return f"{self.name} is {self.value:.4g}, wanted {self.sense} {self.bound:g} ({self.meaning})"


@dataclass(frozen=True)
class Sample:
    """What a version says of S evaluated users.

    Attributes:
        user_rows: int64[S]. products: int64[S, K] rows, best first, -1 = none. scores: float32[S, K], NaN = none.
        all_scores: float32[P], of all their candidates. num_candidates: int64[S].
        probabilities: float32[S, C] of the version's categories. bought: bool[S, C]. category_rows: int64[C].
    """

    user_rows: Int64
    products: Int64
    scores: Float32
    all_scores: Float32
    num_candidates: Int64
    probabilities: Float32
    bought: Bools
    category_rows: Int64


def draw_sample(window: Window, user_rows: Int64, ranker: Ranker) -> Sample:
    """Score up to SAMPLE_USERS of the evaluated users, evenly spread."""
    rows = user_rows[:: max(1, -(-len(user_rows) // SAMPLE_USERS))]
    parts = map_chunks(lambda chunk: _score(window.arrays, chunk, ranker), rows)
    products, scores, all_scores, counts, probabilities = (np.concatenate(part) for part in zip(*parts, strict=True))
    bought = window.category_labels(rows, ranker.category_ids) > 0
    columns = window.arrays.find_categories(ranker.category_ids)
    return Sample(rows, products, scores, all_scores, counts, probabilities, bought, columns)


def run_checks(window: Window, sample: Sample, ranker: Ranker, calibration_error: float) -> list[Check]:
    """Measure every check.

    Args:
        window: the evaluation window.
        sample: as `draw_sample` gave it.
        ranker: the version.
        calibration_error: of its category probabilities, over all evaluated users.
    """
    return [*check_health(window, sample), *_check_behaviour(window.arrays, sample, ranker, calibration_error)]


def check_health(window: Window, sample: Sample) -> Iterator[Check]:
    """Measure the health of a version's lists; no product (-1) is none of them."""
    num_users = len(sample.user_rows)
    finite = np.isfinite(sample.all_scores).mean() * np.isfinite(sample.probabilities).mean()
    yield Check("finite_scores", float(finite), ">=", 1.0, "refuse", "share of scores that are numbers")
    full = (sample.products >= 0).sum(axis=1) >= np.minimum(sample.num_candidates, K)
    yield Check("coverage", float(full.mean()), ">=", 0.995, "refuse", f"share of users with a list of {K}")
    flat = np.nanmax(sample.scores, axis=1) - np.nanmin(sample.scores, axis=1) <= 0
    flat &= sample.num_candidates > 1
    yield Check("flat_lists", float(flat.mean()), "<=", 0.05, "refuse", "share of lists whose scores are all equal")
    heads = np.bincount(sample.products[:, 0] + 1, minlength=2)[1:].max() / num_users
    yield Check(
        "top_product_share",
        float(heads),
        "<=",
        max(0.5, _reach(window)),
        "refuse",
        "share of lists that begin with the same product",
        num_users,
        MIN_USERS,
    )
    distinct = count_distinct(sample.products, K) / min(len(window.arrays.best_sellers), 2 * K)
    yield Check(
        "distinct_products",
        float(distinct),
        ">=",
        0.6,
        "refuse",
        f"distinct products shown, as a share of {2 * K} or of all sellable ones that ever sold",
        num_users,
        MIN_USERS,
    )


def _check_behaviour(
    arrays: SnapshotArrays, sample: Sample, ranker: Ranker, calibration_error: float
) -> Iterator[Check]:
    yield Check(
        "alone_as_in_company",
        _measure_company(arrays, sample, ranker),
        "<=",
        1e-5,
        "refuse",
        "largest change of a user's scores when asked without the others",
    )
    yield Check(
        "habits_count",
        _measure_habits(arrays, sample, ranker),
        ">=",
        0.5,
        "flag",
        "share of own products that score higher once bought twice as often",
        len(sample.user_rows),
        MIN_USERS,
    )
    yield Check(
        "calibration_error",
        calibration_error,
        "<=",
        0.1,
        "flag",
        "mean gap between probability and share bought",
        len(sample.user_rows),
        MIN_USERS,
    )


def _score(arrays: SnapshotArrays, rows: Int64, ranker: Ranker) -> tuple[Int64, Float32, Float32, Int64, Float32]:
    candidates, scores, probabilities = ranker.score_candidates(arrays, rows)
    products = lay_out(rows, candidates.user_rows, candidates.product_rows, scores, K)
    laid = np.full(products.shape, np.nan, dtype=np.float32)
    order, ranks = rank_top(candidates.user_rows, scores, K)
    laid[np.searchsorted(rows, candidates.user_rows[order]), ranks] = scores[order]
    counts = np.bincount(np.searchsorted(rows, candidates.user_rows), minlength=len(rows))
    return products, laid, scores, counts, probabilities


def _reach(window: Window) -> float:
    """Return the share of the window's buyers who bought its most bought product: so many lists may begin with it."""
    buyers = np.bincount(window.products.items[window.products.is_known], minlength=1).max()
    return float(buyers / max(1, len(window.users_with_labels())))


def _measure_company(arrays: SnapshotArrays, sample: Sample, ranker: Ranker) -> float:
    """Ask for a few users one by one and give the largest difference from their scores among others."""
    gaps = [0.0]
    for row, scores in zip(sample.user_rows[:ALONE_USERS], sample.scores, strict=False):
        alone = _score(arrays, np.array([row]), ranker)[1][0]
        gaps.append(float(np.nanmax(np.abs(alone - scores))))
    return max(gaps)


def _measure_habits(arrays: SnapshotArrays, sample: Sample, ranker: Ranker) -> float:
    """Double how often users bought their products, all else equal, and give the share of them that score higher."""
    history = arrays.history.copy()
    history[:, [HISTORY_FEATURES.index(name) for name in MORE_OFTEN]] *= 2
    rows = sample.user_rows[:HABIT_USERS]
    candidates, before, _ = ranker.score_candidates(arrays, rows)
    _, after, _ = ranker.score_candidates(replace(arrays, history=history), rows)
    is_own = candidates.history_rows >= 0
    return float((after >= before)[is_own].mean()) if is_own.any() else 1.0
