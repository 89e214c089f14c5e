"""Candidate generation: at most `num_candidates` products a user, drawn from the snapshot.

Own purchases first (the strongest by decayed count); the rest never bought before, from the best sellers, by a
retrieval score that adds three logarithms: what goes together with the user's purchases (EASE), who bought it lately
(features/snapshot/user_embeddings.py), and what the user would pick by type (the user's mix of product types, smoothed
by the shop's, times the product's share of its type's sales). What trends and what is new enters whatever its score.
What is hidden or sold out as of the snapshot's instant is no candidate, though its purchases count for what is; nor is
what the user does not want listed.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import scipy.sparse

from features.definitions import BOUGHT, TOGETHER_FLOOR, list_features, list_names
from features.ranking.affinity import Affinity, list_history
from features.ranking.pairs import PairContext, measure_pairs
from features.snapshot.arrays import Float32, Int64, SnapshotArrays, find_rows

# A user's own purchases take at most this share of the candidates.
OWN_SHARE = 0.6
# Sources that enter whatever their score: the week's best sellers, and the best sellers first sold within 28 days.
NUM_TRENDING = 50
NUM_NEW = 50
NUM_BEST_SELLERS = 8_000
# Of the retrieval score: weight of the type's score, the shop's share in the mix of types.
TYPE_WEIGHT = 0.5
TYPE_SMOOTHING = 0.1


@dataclass(frozen=True)
class Candidates:
    """P pairs, sorted by user; per user own purchases first.

    Attributes:
        user_rows, product_rows: int64[P], rows in the snapshot's arrays.
        history_rows: int64[P], row of the pair in `arrays.history`, -1 = never bought.
        features: float32[P, `pair` features], in the order of definitions.py, NaN = missing.
    """

    user_rows: Int64
    product_rows: Int64
    history_rows: Int64
    features: Float32

    @property
    def num_pairs(self) -> int:
        """Count the pairs, P."""
        return len(self.user_rows)

    def take(self, rows: np.ndarray | slice) -> "Candidates":
        """Keep some pairs, given by index, mask or slice."""
        return Candidates(**{column.name: getattr(self, column.name)[rows] for column in fields(self)})

    def column(self, name: str) -> Float32:
        """Return one pair feature, float32[P]."""
        return self.features[:, list_names("pair").index(name)]

    def without(self, evidence: str) -> "Candidates":
        """Return the pairs as they would be without a kind of evidence: what stands on it says nothing."""
        features = self.features.copy()
        for index, feature in enumerate(list_features("pair")):
            if evidence in feature.evidence:
                features[:, index] = feature.raw_without_evidence
        history = np.full_like(self.history_rows, -1) if evidence == BOUGHT else self.history_rows
        return replace(self, history_rows=history, features=features)


def draw_candidates(arrays: SnapshotArrays, user_rows: Int64, num_candidates: int) -> Candidates:
    """Draw the candidates of a few users at a time; memory is len(user_rows) x NUM_BEST_SELLERS.

    Args:
        arrays: the snapshot.
        user_rows: int64[U'], ascending rows of the users; some hundreds at a time.
        num_candidates: at most so many products a user.
    """
    best_sellers = arrays.best_sellers[:NUM_BEST_SELLERS]
    excluded = arrays.find_excluded(user_rows)
    own_users, own_history = _draw_own(arrays, user_rows, excluded, int(OWN_SHARE * num_candidates))
    own_products = arrays.history_products[own_history]
    affinity = Affinity(arrays, user_rows)
    num_new = num_candidates - np.bincount(own_users, minlength=len(user_rows))
    new_users, new_products = _draw_new(arrays, affinity, best_sellers, excluded, num_new)
    users = np.concatenate([own_users, new_users])
    products = np.concatenate([own_products, new_products])
    history = np.concatenate([own_history, np.full(len(new_users), -1, dtype=np.int64)])
    order = np.argsort(users, kind="stable")
    users, products, history = users[order], products[order], history[order]
    features = measure_pairs(PairContext(arrays, affinity, users, products, history))
    return Candidates(user_rows[users], products, history, features)


def pair_up(arrays: SnapshotArrays, user_row: int, product_rows: Int64) -> Candidates:
    """Pair one user with given products; `product_rows` int64[P], each once."""
    start, end = arrays.history_offsets[user_row : user_row + 2]
    found = find_rows(arrays.history_products[start:end], product_rows)
    history = np.where(found < 0, -1, found + start)
    affinity = Affinity(arrays, np.array([user_row], dtype=np.int64))
    users = np.zeros(len(product_rows), dtype=np.int64)
    features = measure_pairs(PairContext(arrays, affinity, users, product_rows, history))
    return Candidates(np.full(len(product_rows), user_row), product_rows, history, features)


def _draw_own(
    arrays: SnapshotArrays, user_rows: Int64, excluded: scipy.sparse.csr_matrix, limit: int
) -> tuple[Int64, Int64]:
    """Return (position in user_rows, history row) of the strongest own purchases of each user."""
    users, rows = list_history(arrays, user_rows)
    products = arrays.history_products[rows]
    is_candidate = arrays.is_sellable[products]
    if excluded.nnz:
        is_candidate &= ~np.asarray(excluded[users, products]).ravel()
    users, rows = users[is_candidate], rows[is_candidate]
    counts = np.bincount(users, minlength=len(user_rows))
    order = np.lexsort((rows, -arrays.history_decayed[rows], users))
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = order[rank < limit]
    return users[kept], rows[kept]


def _draw_new(
    arrays: SnapshotArrays,
    affinity: Affinity,
    best_sellers: Int64,
    excluded: scipy.sparse.csr_matrix,
    num_new: Int64,
) -> tuple[Int64, Int64]:
    """Return (position in user_rows, product row) of the best of the best sellers that the user never bought."""
    scores = _score_retrieval(arrays, affinity, best_sellers)
    scores[:, _pick_fresh(arrays, best_sellers)] += 1e6
    places = np.full(len(arrays.product_ids), -1, dtype=np.int64)
    places[best_sellers] = np.arange(len(best_sellers))
    for left_out in (affinity.bought, excluded):
        users = np.repeat(np.arange(len(scores)), np.diff(left_out.indptr))
        found = places[left_out.indices]
        scores[users[found >= 0], found[found >= 0]] = -np.inf
    most = min(int(num_new.max(initial=0)), len(best_sellers))
    if most == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    best = _pick_best(scores, most)
    allowed = np.arange(most)[None, :] < num_new[:, None]
    allowed &= np.isfinite(np.take_along_axis(scores, best, axis=1))
    users, ranks = np.nonzero(allowed)
    return users, best_sellers[best[users, ranks]]


def _pick_best(scores: Float32, k: int) -> Int64:
    """Return the columns of the k best scores of each row, best first, equal ones in the order of the columns.

    A partition by index would pick among equal scores by chance, so that a user's candidates depended on who else is
    drawn with them.
    """
    worst = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
    kept = scores >= worst
    crowded = np.flatnonzero(kept.sum(axis=1) > k)
    equal = scores[crowded] == worst[crowded]
    room = k - (kept[crowded] & ~equal).sum(axis=1, keepdims=True)
    kept[crowded] &= ~equal | (np.cumsum(equal, axis=1) <= room)
    best = np.nonzero(kept)[1].reshape(len(scores), k)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _score_retrieval(arrays: SnapshotArrays, affinity: Affinity, best_sellers: Int64) -> Float32:
    codes = arrays.type_codes[best_sellers]
    popularity = arrays.popularity[best_sellers]
    type_sales = np.bincount(codes, weights=popularity, minlength=arrays.types.shape[1])
    mix = (type_sales / max(type_sales.sum(), 1e-9)).astype(np.float32)
    share = affinity.types / np.maximum(affinity.totals, 1e-9)[:, None]
    within_type = (popularity / np.maximum(type_sales[codes], 1e-9)).astype(np.float32)
    of_type = (1 - TYPE_SMOOTHING) * share[:, codes] + TYPE_SMOOTHING * mix[codes]
    together = np.log(np.maximum(affinity.together, 0) + TOGETHER_FLOOR)[:, arrays.linked_codes[best_sellers]]
    by_type = TYPE_WEIGHT * np.log(of_type * within_type + 1e-12)
    scores: Float32 = together + by_type + affinity.score_alike(best_sellers)
    return scores


def list_fresh_products(arrays: SnapshotArrays) -> Int64:
    """Return product rows that enter whatever their score: what trends this week and best sellers among the new."""
    best_sellers = arrays.best_sellers[:NUM_BEST_SELLERS]
    fresh: Int64 = best_sellers[_pick_fresh(arrays, best_sellers)]
    return fresh


def _pick_fresh(arrays: SnapshotArrays, best_sellers: Int64) -> Int64:
    """Return the positions among the best sellers of what trends this week and of the best sellers among the new."""
    lately = arrays.product_column("product_orders_7d")[best_sellers]
    is_new = arrays.product_column("product_age_days")[best_sellers] < 28
    trending = np.argsort(-lately, kind="stable")[:NUM_TRENDING]
    return np.union1d(trending, np.flatnonzero(is_new)[:NUM_NEW])
