"""Ranking and probability metrics, one short function each, per user where that makes sense.

Lists come as `hits`: bool[U, K], whether the product at each rank was bought; `num_labels`: int64[U], all that was
bought, found or not. Every list metric gives float64[U], so that intervals can be drawn over users.
"""

import numpy as np
import numpy.typing as npt

Hits = npt.NDArray[np.bool_]
PerUser = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


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


def reciprocal_rank(hits: Hits) -> PerUser:
    """1 / rank of the first hit, 0 without one; its mean is MRR (Voorhees 1999)."""
    found = hits.any(axis=1).astype(np.float64)
    return np.asarray(found / (hits.argmax(axis=1) + 1), dtype=np.float64)


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


def auc(labels: npt.NDArray[np.bool_], scores: npt.NDArray[np.float32]) -> float:
    """Area under the ROC curve by ranks (Mann & Whitney 1947), ties at half; NaN where one class is missing.

    Args:
        labels: bool[N].
        scores: float[N].
    """
    num_positive = int(labels.sum())
    num_negative = len(labels) - num_positive
    if num_positive == 0 or num_negative == 0:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    return float(
        (mean_ranks[inverse][labels].sum() - num_positive * (num_positive + 1) / 2) / num_positive / num_negative
    )


def mean_auc(labels: npt.NDArray[np.bool_], scores: npt.NDArray[np.float32]) -> float:
    """Mean over columns (categories) of their AUC over users; columns of one class are left out, NaN where all are."""
    by_column = np.array([auc(labels[:, column], scores[:, column]) for column in range(labels.shape[1])])
    known = by_column[~np.isnan(by_column)]
    return float(known.mean()) if len(known) else float("nan")


def log_loss(labels: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float32]) -> float:
    """Mean of -log P(what happened), natural logarithm; probabilities are held within [1e-7, 1 - 1e-7]."""
    held = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-np.where(labels, np.log(held), np.log1p(-held)).mean())


def reliability(
    labels: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float32], num_bins: int = 15
) -> npt.NDArray[np.float64]:
    """Sort probabilities into equal-width bins.

    Returns:
        float64[num_bins, 3]: how many fall in a bin, their mean probability, the share bought; NaN for an empty bin.
    """
    flat = probabilities.ravel().astype(np.float64)
    bins = np.minimum((flat * num_bins).astype(np.int64), num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins).astype(np.float64)
    sums = [np.bincount(bins, weights, minlength=num_bins) for weights in (flat, labels.ravel().astype(np.float64))]
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
    """Percentile interval of the mean over users, resampled with replacement (Efron 1979); NaN for no users."""
    if len(per_user) == 0:
        return float("nan"), float("nan")
    generator = np.random.default_rng(seed)
    means = [per_user[generator.integers(0, len(per_user), len(per_user))].mean() for _ in range(num_samples)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
