"""Homepages composed from scored candidates as the API does, families once, and what the purchases after them say.

Simpler than the API's pages: no coupons, no restricted or full departments, and everything ranked can still be sold.
"""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from command import parse_instant
from features.snapshot.arrays import Float32, Int64
from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from training.data.windows import Window, open_window
from training.evaluation import metrics
from training.evaluation.lists import K
from training.evaluation.metrics import PerUser
from training.ranking.chunks import map_chunks
from training.ranking.ranker import Ranker
from training.ranking.topk import rank_top

# What is published of a user: the best products, and the best that the user never bought.
NUM_PRODUCTS, NUM_NEW = 100, 40

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lists:
    """Published lists of U users, D entries at most, best first.

    Attributes:
        user_rows: int64[U], ascending rows of the window's users.
        products: int64[U, D], rows of the window's products; -1 = the list has ended.
        scores: float32[U, D], probabilities; -1 after the end.
        is_new: bool[U, D], the user never bought the product before.
        families: int64[U, D]; a page shows one product of each.
    """

    user_rows: Int64
    products: Int64
    scores: Float32
    is_new: Flags
    families: Int64

    def weigh_new(self, weight: float) -> Int64:
        """Count the repeats of each page of K, families once, where a new product's score counts `weight`-fold."""
        order = np.argsort(-np.where(self.is_new, self.scores * weight, self.scores), axis=1, kind="stable")
        weighed = self._reorder(order)
        page = compose(weighed, np.full(len(order), K))
        num_repeats: Int64 = ((page >= 0) & ~np.take_along_axis(weighed.is_new, page, axis=1)).sum(axis=1)
        return num_repeats

    def expect_repeats(self) -> npt.NDArray[np.float64]:
        """Return the share of repeats among what users will buy of their lists, as the scores have it. float64[U]."""
        scores = np.where(self.products >= 0, self.scores, 0).astype(np.float64)
        return (scores * ~self.is_new).sum(axis=1) / np.maximum(scores.sum(axis=1), 1e-9)

    def _reorder(self, order: Int64) -> "Lists":
        columns = {
            name: np.take_along_axis(getattr(self, name), order, axis=1)
            for name in ("products", "scores", "is_new", "families")
        }
        return replace(self, **columns)


def open_backtest(store: MLStore, folder: Path) -> tuple[Purchases, Window]:
    """Return the purchases up to a backtest's end and the window that it is judged on.

    Args:
        store: the ML store that it was made from.
        folder: as `training.backtest` left it.
    """
    described = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    as_of, horizon_days = parse_instant(described["as_of"]), described["horizon_days"]
    purchases = load_purchases(store, as_of + timedelta(days=horizon_days))
    return purchases, open_window(purchases, as_of, horizon_days)


def draw_lists(window: Window, user_rows: Int64, ranker: Ranker) -> Lists:
    """Rank for users as a batch does; a family is what one maker makes of one type, as in the demo shop."""
    depth = NUM_PRODUCTS + NUM_NEW

    def rank(rows: Int64) -> Lists:
        candidates, scores, _ = ranker.score_candidates(window.arrays, rows)
        is_new = candidates.history_rows < 0
        best, _ = rank_top(candidates.user_rows, scores, NUM_PRODUCTS)
        new = np.flatnonzero(is_new)
        kept = np.union1d(best, new[rank_top(candidates.user_rows[new], scores[new], NUM_NEW)[0]])
        order, ranks = rank_top(candidates.user_rows[kept], scores[kept], depth)
        lines, pairs = np.searchsorted(rows, candidates.user_rows[kept[order]]), kept[order]
        products = candidates.product_rows[pairs]
        return Lists(
            rows,
            *(
                _lay_out(len(rows), depth, lines, ranks, values)
                for values in (products, scores[pairs], is_new[pairs], window.arrays.type_brand_codes[products])
            ),
        )

    drawn = map_chunks(rank, user_rows)
    names = ("user_rows", "products", "scores", "is_new", "families")
    return Lists(*(np.concatenate([getattr(lists, name) for lists in drawn]) for name in names))


def _lay_out(num_lines: int, depth: int, lines: Int64, ranks: Int64, values: np.ndarray) -> np.ndarray:
    table = np.full((num_lines, depth), False if values.dtype == bool else -1, dtype=values.dtype)
    table[lines, ranks] = values
    return table


def compose(lists: Lists, most_repeats: Int64, *, by_family: bool = True) -> Int64:
    """Fill pages of K from lists, in their order, with at most so many repeats; what is held back fills what is left.

    Args:
        lists: of U users.
        most_repeats: int64[U], of each user's page.
        by_family: of a family the page shows the first product alone.

    Returns:
        int64[U, K] positions in the lists, -1 = nothing is left to show.
    """
    num_users, depth = lists.products.shape
    page = np.full((num_users, K), -1, dtype=np.int64)
    shown = np.full((num_users, K), -1, dtype=np.int64)
    used, repeats = np.zeros(num_users, dtype=np.int64), np.zeros(num_users, dtype=np.int64)
    for is_held_back_welcome in (False, True):
        for place in range(depth):
            is_repeat = ~lists.is_new[:, place]
            has_room = (used < K) & (is_held_back_welcome | ~is_repeat | (repeats < most_repeats))
            identity = lists.families[:, place] if by_family else lists.products[:, place]
            fits = (lists.products[:, place] >= 0) & has_room & ~(shown == identity[:, None]).any(axis=1)
            page[fits, used[fits]], shown[fits, used[fits]] = place, identity[fits]
            used += fits
            repeats += fits & is_repeat
    return page


@dataclass(frozen=True)
class Judged:
    """What pages of K held and what was bought of it, per user.

    Attributes:
        ndcg: over all that was bought. repeat_ndcg: over what was bought again, NaN where nothing was.
        num_repeats: slots of earlier purchases. hits: products of the page that were bought. new_hits: those of them
            that were bought for the first time.
        has_new: 1 where the page shows anything never bought before.
    """

    ndcg: PerUser
    repeat_ndcg: PerUser
    num_repeats: PerUser
    hits: PerUser
    new_hits: PerUser
    has_new: PerUser


def judge(window: Window, lists: Lists, page: Int64) -> Judged:
    """Compare pages, as `compose` gives them, with the purchases of the window."""
    is_shown = page >= 0
    products = np.where(is_shown, np.take_along_axis(lists.products, page, axis=1), -1)
    is_new = is_shown & np.take_along_axis(lists.is_new, page, axis=1)
    labels = window.pair_labels(np.repeat(lists.user_rows, K), products.ravel()).reshape(page.shape)
    hits = is_shown & (labels > 0)
    num_users = len(window.arrays.user_ids)
    owners, again = window.products.users, window.repeated_users()
    num_labels = np.bincount(owners[owners >= 0], minlength=num_users)[lists.user_rows]
    num_again = np.bincount(again, minlength=num_users)[lists.user_rows]
    repeat_ndcg = metrics.ndcg_at_k(hits & ~is_new, num_again, K)
    return Judged(
        ndcg=metrics.ndcg_at_k(hits, num_labels, K),
        repeat_ndcg=np.where(num_again > 0, repeat_ndcg, np.nan),
        num_repeats=(is_shown & ~is_new).sum(axis=1).astype(np.float64),
        hits=hits.sum(axis=1).astype(np.float64),
        new_hits=(hits & is_new).sum(axis=1).astype(np.float64),
        has_new=np.asarray(is_new.any(axis=1), dtype=np.float64),
    )
