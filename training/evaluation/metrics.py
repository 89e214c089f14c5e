"""Ranking and probability metrics, one short function each, per user where that makes sense.

Lists come as `hits`: bool[U, K], whether the product at each rank was bought; `num_labels`: int64[U], all that was
bought, found or not. Every list metric gives float64[U], so that intervals can be drawn over users.
"""

import numpy as np
import numpy.typing as npt
import scipy.stats
import sklearn.metrics

Hits = npt.NDArray[np.bool_]
PerUser = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Users drawn at once for an interval: bounds memory at some 16 bytes each.
DRAWN_AT_ONCE = 2_000_000


def ndcg_at_k(hits: Hits, num_labels: Counts, k: int) -> PerUser:
    """DCG / ideal DCG with DCG = sum of hit / log2(rank + 1) and an ideal of min(k, labels) hits.

    Järvelin & Kekäläinen 2002, doi:10.1145/582415.582418. A user without labels scores 0.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gains = (hits[:, :k] * discounts[: hits.shape[1]]).sum(axis=1)
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(num_labels, k)]
    return np.divide(gains, ideal, out=np.zeros(len(gains)), where=ideal > 0)


def recall_at_k(hits: Hits, num_labels: Counts, k: int) -> PerUser:
    """Hits among the first k / all labels."""
    found = hits[:, :k].sum(axis=1).astype(np.float64)
    return np.divide(found, num_labels, out=np.zeros(len(found)), where=num_labels > 0)


def hit_rate_at_k(hits: Hits, k: int) -> PerUser:
    """1 where the first k hold at least one hit."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def average_precision(labels: npt.NDArray[np.bool_], scores: npt.NDArray[np.float32]) -> PerUser:
    """Mean over a user's labels of the precision at their ranks; its mean over users is MAP. Ties keep column order.

    Args:
        labels: bool[U, C], purchases.
        scores: float[U, C], higher ranks first.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(labels, order, axis=1)
    precision = np.cumsum(ranked, axis=1) / np.arange(1, ranked.shape[1] + 1)
    count = ranked.sum(axis=1)
    return np.divide((precision * ranked).sum(axis=1), count, out=np.zeros(len(count)), where=count > 0)


def mean_auc(labels: npt.NDArray[np.bool_], scores: npt.NDArray[np.float32]) -> float:
    """Mean over columns (categories) of their AUC over users; columns of one class are left out, NaN where all are.

    NaN, too, for scores that are not finite: a network gone wrong is refused by the gate and not by its metrics.
    """
    if not np.isfinite(scores).all():
        return float("nan")
    has_both = np.flatnonzero(labels.any(axis=0) & ~labels.all(axis=0))
    by_column = [sklearn.metrics.roc_auc_score(labels[:, column], scores[:, column]) for column in has_both]
    return float(np.mean(by_column)) if by_column else float("nan")


def log_loss(labels: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float32]) -> float:
    """Mean of -log P(what happened), natural logarithm; probabilities are held within [1e-7, 1 - 1e-7].

    NaN for probabilities that are not finite.
    """
    if not np.isfinite(probabilities).all():
        return float("nan")
    held = probabilities.ravel().astype(np.float64).clip(1e-7, 1 - 1e-7)
    return float(sklearn.metrics.log_loss(labels.ravel(), held, labels=[False, True]))


def reliability(
    labels: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float32], num_bins: int = 15
) -> npt.NDArray[np.float64]:
    """Sort probabilities into equal-width bins.

    Returns:
        float64[num_bins, 3]: how many fall in a bin, their mean probability, the share bought; NaN for an empty bin.
        What is not finite falls in none.
    """
    is_finite = np.isfinite(probabilities.ravel())
    flat = probabilities.ravel()[is_finite].astype(np.float64)
    bought = labels.ravel()[is_finite].astype(np.float64)
    bins = np.minimum((flat * num_bins).astype(np.int64), num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins).astype(np.float64)
    sums = [np.bincount(bins, weights, minlength=num_bins) for weights in (flat, bought)]
    means = [np.divide(total, counts, out=np.full(num_bins, np.nan), where=counts > 0) for total in sums]
    return np.stack([counts, *means], axis=1)


def calibration_error(
    labels: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float32], num_bins: int = 15
) -> float:
    """Expected calibration error (Naeini et al. 2015): mean gap of probability and share bought, equal-width bins."""
    counts, predicted, bought = reliability(labels, probabilities, num_bins).T
    return float(np.nansum(counts * np.abs(predicted - bought)) / labels.size)


def count_distinct(products: npt.NDArray[np.int64], k: int) -> int:
    """Count the distinct products in the first k of all lists; -1 is no product."""
    shown = np.unique(products[:, :k])
    return int((shown >= 0).sum())


def bootstrap_interval(
    per_user: PerUser, seed: int = 31, num_samples: int = 1000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of the mean over users, resampled with replacement (Efron 1979).

    A single user is the interval's both ends; NaN for no users.
    """
    if len(per_user) < 2:
        return (float(per_user[0]),) * 2 if len(per_user) else (float("nan"),) * 2
    drawn = scipy.stats.bootstrap(
        (per_user,),
        np.mean,
        n_resamples=num_samples,
        batch=max(1, DRAWN_AT_ONCE // len(per_user)),
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = drawn.confidence_interval
    return float(low), float(high)
