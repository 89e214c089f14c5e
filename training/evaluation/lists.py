"""Evaluation of lists and category probabilities on a window that lies after everything they were made from."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from features.snapshot.arrays import Float32, Int64, SnapshotArrays, find_rows
from training.data.user_sample import ACTIVE_DAYS
from training.data.windows import Window
from training.evaluation import metrics
from training.evaluation.metrics import PerUser
from training.ranking.chunks import map_chunks
from training.ranking.ranker import Ranker
from training.ranking.topk import lay_out

# Begins the names of these metrics in MLflow; it stays, so that runs of earlier versions can be read.
METRICS_PREFIX = "judged."
K = 20
# How far down a baseline's list products never bought before are looked for.
DISCOVERY_DEPTH = 500
# How far down categories that a user lapsed from are looked at.
LAPSED_K = 3

Reliability = npt.NDArray[np.float64]
CategoryShares = npt.NDArray[np.float64]
Baseline = Callable[[SnapshotArrays, Int64, int], Int64]


@dataclass(frozen=True)
class Evaluation:
    """How good lists were for the same U users, kept per user so that two evaluations can be compared in pairs.

    Attributes:
        ndcg, recall, hit_rate: float64[U], at K.
        discovery_ndcg, discovery_recall, discovery_hit_rate: float64[U'], at K, over products never bought before;
            users who bought none are left out.
        num_products: distinct products in the first K of all lists.
        num_new_products: the same of the lists of products never bought before.
        categories: metrics of the category head, empty for a baseline.
        reliability: of the category probabilities, as metrics.reliability gives it; None for a baseline.
        category_shares: float64[C, 2], mean probability and share that bought, of each category; None for a baseline.
    """

    ndcg: PerUser
    recall: PerUser
    hit_rate: PerUser
    discovery_ndcg: PerUser
    discovery_recall: PerUser
    discovery_hit_rate: PerUser
    num_products: int
    num_new_products: int
    categories: dict[str, float]
    reliability: Reliability | None = None
    category_shares: CategoryShares | None = None

    def summarise(self) -> dict[str, float]:
        """Return the means by metric name."""
        return {
            f"ndcg_at_{K}": float(self.ndcg.mean()),
            f"recall_at_{K}": float(self.recall.mean()),
            f"hit_rate_at_{K}": float(self.hit_rate.mean()),
            f"discovery_ndcg_at_{K}": _mean(self.discovery_ndcg),
            "num_products": float(self.num_products),
            **self.categories,
        }

    def summarise_discovery(self) -> dict[str, float]:
        """Return means over the lists of products never bought before, by metric name; 0 where none were bought."""
        named = {"ndcg": self.discovery_ndcg, "recall": self.discovery_recall, "hit_rate": self.discovery_hit_rate}
        means = {f"{name}_at_{K}": _mean(values) for name, values in named.items()}
        return {**means, "num_products": float(self.num_new_products)}

    def with_categories(self, categories: dict[str, float]) -> "Evaluation":
        """Add the metrics of a category head; none takes them away."""
        return replace(self, categories=categories)


def evaluate_lists(window: Window, user_rows: Int64, products: Int64, new_products: Int64) -> Evaluation:
    """Evaluate lists against the purchases of the window.

    Args:
        window: after the lists' instant.
        user_rows: int64[U], ascending users with labels.
        products: int64[U, K] product rows, -1 = none.
        new_products: the same, of products that the user never bought before.
    """
    owners = window.products.users
    num_labels = np.bincount(owners[owners >= 0], minlength=len(window.arrays.user_ids))
    num_new = num_labels - np.bincount(window.repeated_users(), minlength=len(window.arrays.user_ids))
    hits = _find_hits(window, user_rows, products)
    discovers = num_new[user_rows] > 0
    new_hits, new_labels = _find_hits(window, user_rows, new_products)[discovers], num_new[user_rows][discovers]
    return Evaluation(
        ndcg=metrics.ndcg_at_k(hits, num_labels[user_rows], K),
        recall=metrics.recall_at_k(hits, num_labels[user_rows], K),
        hit_rate=metrics.hit_rate_at_k(hits, K),
        discovery_ndcg=metrics.ndcg_at_k(new_hits, new_labels, K),
        discovery_recall=metrics.recall_at_k(new_hits, new_labels, K),
        discovery_hit_rate=metrics.hit_rate_at_k(new_hits, K),
        num_products=metrics.count_distinct(products, K),
        num_new_products=metrics.count_distinct(new_products, K),
        categories={},
    )


def evaluate_ranker(window: Window, user_rows: Int64, ranker: Ranker) -> Evaluation:
    """Evaluate a loaded version on a window, through the very code that serves it."""

    def rank(chunk: Int64) -> tuple[Int64, Int64]:
        candidates, scores, _ = ranker.score_candidates(window.arrays, chunk)
        is_new = candidates.history_rows < 0
        owners, products = candidates.user_rows[is_new], candidates.product_rows[is_new]
        return (
            lay_out(chunk, candidates.user_rows, candidates.product_rows, scores, K),
            lay_out(chunk, owners, products, scores[is_new], K),
        )

    lists, new_lists = map(np.concatenate, zip(*map_chunks(rank, user_rows), strict=True))
    evaluated = evaluate_lists(window, user_rows, lists, new_lists)
    everybody = add_active_users(window, user_rows)
    probabilities = ranker.predict_categories(window.arrays, everybody)
    bought = window.category_labels(everybody, ranker.category_ids) > 0
    return replace(
        evaluated,
        categories=evaluate_categories(window, everybody, ranker.category_ids, probabilities),
        reliability=metrics.reliability(bought, probabilities),
        category_shares=np.stack([probabilities.mean(axis=0), bought.mean(axis=0)], axis=1).astype(np.float64),
    )


def evaluate_baseline(window: Window, user_rows: Int64, rank: Baseline) -> Evaluation:
    """Evaluate a baseline; its discovery lists are its own lists without what the user bought before."""
    lists = rank(window.arrays, user_rows, K)
    deep = rank(window.arrays, user_rows, DISCOVERY_DEPTH)
    new_lists = _drop_bought(window.arrays, user_rows, deep)
    return evaluate_lists(window, user_rows, lists, new_lists)


def add_active_users(window: Window, user_rows: Int64) -> Int64:
    """Add users who had ordered lately and then bought nothing; ascending. Categories are evaluated over them all."""
    return np.union1d(user_rows, window.users_without_labels(ACTIVE_DAYS))


def evaluate_categories(
    window: Window, user_rows: Int64, category_ids: Int64, probabilities: Float32
) -> dict[str, float]:
    """Evaluate the probabilities of buying from each category within the window.

    AUC, log loss and calibration are over all users given. Over those who bought: MAP, the MAP of the categories of
    their next order, and NDCG@3 among the categories that a user bought nothing from lately, for as long as the window
    is, over users who then buy from one.

    Args:
        window: after the probabilities' instant.
        user_rows: int64[U], users who bought in the window and users who did not.
        category_ids: int64[C], of the probabilities' columns.
        probabilities: float32[U, C].
    """
    labels = window.category_labels(user_rows, category_ids) > 0
    next_order = window.category_labels(user_rows, category_ids, first_order=True) > 0
    buys, has_next = labels.any(axis=1), next_order.any(axis=1)
    is_lapsed = _find_lapsed(window, user_rows, category_ids)
    returns = (labels & is_lapsed).any(axis=1)
    best_first = np.argsort(np.where(is_lapsed, -probabilities, np.inf), axis=1, kind="stable")
    hits = np.take_along_axis(labels & is_lapsed, best_first, axis=1)[returns]
    return {
        "category_auc": metrics.mean_auc(labels, probabilities),
        "category_log_loss": metrics.log_loss(labels, probabilities),
        "category_calibration_error": metrics.calibration_error(labels, probabilities),
        "category_map": _mean(metrics.average_precision(labels[buys], probabilities[buys])),
        "category_next_order_map": _mean(metrics.average_precision(next_order[has_next], probabilities[has_next])),
        f"category_lapsed_ndcg_at_{LAPSED_K}": _mean(metrics.ndcg_at_k(hits, hits.sum(axis=1), LAPSED_K)),
    }


def compare(ours: Evaluation, theirs: Evaluation) -> dict[str, float]:
    """Return the mean difference in NDCG@K over the same users with its 95% interval."""
    difference = ours.ndcg - theirs.ndcg
    low, high = metrics.bootstrap_interval(difference)
    return {"difference": float(difference.mean()), "low": low, "high": high}


def tabulate(evaluations: dict[str, Evaluation]) -> pl.DataFrame:
    """Lay evaluations under each other: name and one column a metric."""
    rows = [{"name": name, **evaluation.summarise()} for name, evaluation in evaluations.items()]
    return pl.DataFrame(rows, infer_schema_length=None)


def _find_lapsed(window: Window, user_rows: Int64, category_ids: Int64) -> npt.NDArray[np.bool_]:
    """Return which categories each user bought nothing from in as many days before the window as it has, or never."""
    columns = window.arrays.find_categories(category_ids)
    days = window.arrays.user_category_column("category_days_since")[user_rows]
    return ~(days[:, columns] <= (window.end - window.start).days) | (columns < 0)


def _mean(per_user: PerUser) -> float:
    """Return the mean; 0 where nobody is counted."""
    return float(per_user.mean()) if len(per_user) else 0.0


def _find_hits(window: Window, user_rows: Int64, products: Int64) -> np.ndarray:
    owners = np.repeat(user_rows, products.shape[1])
    flat = products.ravel()
    found = window.pair_labels(owners, flat) > 0
    return (found & (flat >= 0)).reshape(products.shape)


def _drop_bought(arrays: SnapshotArrays, user_rows: Int64, products: Int64) -> Int64:
    """Move what a user never bought to the front of each list and keep K of it."""
    num_products = len(arrays.product_ids)
    owners = np.repeat(np.arange(len(arrays.user_ids)), np.diff(arrays.history_offsets))
    bought = owners * num_products + arrays.history_products
    known = find_rows(bought, (user_rows[:, None] * num_products + products).ravel()).reshape(products.shape) >= 0
    products = np.where(known, -1, products)
    order = np.argsort(products < 0, axis=1, kind="stable")
    return np.take_along_axis(products, order, axis=1)[:, :K]
