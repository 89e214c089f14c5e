"""Candidate generation: at most `num_candidates` products a user, drawn from the snapshot.

Own purchases first (the strongest by decayed count); the rest never bought before, from the best sellers, by the
retrieval score (features/ranking/retrieval.py). What trends and what is new enters whatever its score. What is
hidden or sold out as of the snapshot's instant is no candidate, though its purchases count for what is; nor is what the
user does not want listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.definitions import BOUGHT, EVIDENCE, list_features, list_names
from features.ranking.affinity import Affinity
from features.ranking.pairs import PairContext, measure_pairs
from features.ranking.retrieval import BestSellers
from features.ranking.sorting import find_best, sort_within
from features.snapshot.arrays import NOTHING, Float32, Int64, SnapshotArrays, find_rows

# A user's own purchases take at most this share of the candidates.
OWN_SHARE = 0.6
# Users whose best sellers are scored at once: what is computed for so many fits a core's own cache.
USERS_AT_ONCE = 8

_PLACES = {name: place for place, name in enumerate(list_names("pair"))}
_STANDING_ON = {
    kind.name: [feature for feature in list_features("pair") if kind.name in feature.evidence] for kind in EVIDENCE
}


@dataclass(frozen=True)
class Candidates:
    """P pairs, sorted by user; per user own purchases first.

    Attributes:
        user_rows, product_rows: int64[P], rows in the snapshot's arrays.
        history_rows: int64[P], row of the pair in `arrays.history`, -1 = never bought.
        features: float32[P, `pair` features], in the order of definitions.py, NaN = missing; by columns in memory.
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
        return Candidates(
            self.user_rows[rows], self.product_rows[rows], self.history_rows[rows], self.features.T[:, rows].T
        )

    def column(self, name: str) -> Float32:
        """Return one pair feature, float32[P]."""
        return self.features[:, _PLACES[name]]

    def without(self, evidence: str) -> "Candidates":
        """Return the pairs as they would be without a kind of evidence: what stands on it says nothing."""
        features = self.features.copy(order="K")
        for feature in _STANDING_ON[evidence]:
            features[:, _PLACES[feature.name]] = feature.raw_without_evidence
        history = np.full_like(self.history_rows, -1) if evidence == BOUGHT else self.history_rows
        return replace(self, history_rows=history, features=features)


def join(parts: Sequence[Candidates]) -> Candidates:
    """Put pairs one after the other."""
    return Candidates(
        np.concatenate([each.user_rows for each in parts]),
        np.concatenate([each.product_rows for each in parts]),
        np.concatenate([each.history_rows for each in parts]),
        np.concatenate([each.features.T for each in parts], axis=1).T,
    )


def draw_candidates(arrays: SnapshotArrays, user_rows: Int64, num_candidates: int) -> Candidates:
    """Draw the candidates of a few users at a time; memory is len(user_rows) x (linked products + candidates).

    Args:
        arrays: the snapshot.
        user_rows: int64[U'], ascending rows of the users; some hundreds at a time.
        num_candidates: at most so many products a user.
    """
    excluded = arrays.find_excluded(user_rows)
    affinity = Affinity(arrays, user_rows)
    own_users, own_history = _draw_own(arrays, affinity, excluded, int(OWN_SHARE * num_candidates))
    own_products = arrays.history_products[own_history]
    num_new = num_candidates - np.bincount(own_users, minlength=len(user_rows))
    new_users, new_products = _draw_new(arrays, affinity, excluded, num_new)
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
    affinity = Affinity(arrays, np.array([user_row], dtype=np.int64), np.sort(product_rows))
    users = np.zeros(len(product_rows), dtype=np.int64)
    features = measure_pairs(PairContext(arrays, affinity, users, product_rows, history))
    return Candidates(np.full(len(product_rows), user_row), product_rows, history, features)


def _draw_own(
    arrays: SnapshotArrays, affinity: Affinity, excluded: tuple[Int64, Int64], limit: int
) -> tuple[Int64, Int64]:
    """Return (position of the user, history row) of the strongest own purchases of each user."""
    users, rows = affinity.history_users, affinity.history_rows
    products = arrays.history_products[rows]
    is_candidate = arrays.is_sellable[products]
    if len(excluded[0]):
        num_products = len(arrays.product_ids)
        is_candidate &= ~np.isin(users * num_products + products, excluded[0] * num_products + excluded[1])
    users, rows = users[is_candidate], rows[is_candidate]
    order, ranks = sort_within(users, arrays.history_decayed[rows])
    kept = order[ranks < limit]
    return users[kept], rows[kept]


def _draw_new(
    arrays: SnapshotArrays, affinity: Affinity, excluded: tuple[Int64, Int64], num_new: Int64
) -> tuple[Int64, Int64]:
    """Return (position of the user, product row) of the best of the best sellers that the user never bought."""
    best_sellers = arrays.once(BestSellers)
    left_out = []
    for users, products in ((affinity.history_users, arrays.history_products[affinity.history_rows]), excluded):
        places = best_sellers.places[products]
        is_seller = places >= 0
        left_out.append((users[is_seller], places[is_seller]))
    drawn = [(NOTHING, NOTHING)]
    for start in range(0, len(num_new), USERS_AT_ONCE):
        scores = best_sellers.score(affinity, slice(start, start + USERS_AT_ONCE))
        scores[:, best_sellers.fresh] += 1e6
        for users, places in left_out:
            some = slice(*np.searchsorted(users, (start, start + USERS_AT_ONCE)))
            scores[users[some] - start, places[some]] = -np.inf
        users, places = _pick_new(scores, num_new[start : start + USERS_AT_ONCE])
        drawn.append((start + users, best_sellers.rows[places]))
    return np.concatenate([users for users, _ in drawn]), np.concatenate([products for _, products in drawn])


def _pick_new(scores: Float32, num_new: Int64) -> tuple[Int64, Int64]:
    """Return (row, column) of the best of each row, as many as there is room for; those at -inf are none."""
    most = min(int(num_new.max()), scores.shape[1])
    best = find_best(scores, most)
    allowed = np.arange(most) < num_new[:, None]
    allowed &= np.isfinite(np.take_along_axis(scores, best, axis=1))
    users, ranks = np.nonzero(allowed)
    return users, best[users, ranks]
