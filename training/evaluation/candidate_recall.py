"""Candidate recall, the upper bound of what ranking can reach, by source of candidates."""

import numpy as np

from features.ranking.candidates import draw_candidates
from features.ranking.retrieval import list_fresh_products
from training.data.samples import USERS_AT_ONCE
from training.data.windows import Window

SIZES = (200, 500, 1000)
SOURCES = ("own", "fresh", "together", "type")


def measure_candidate_recall(window: Window, sizes: tuple[int, ...] = SIZES) -> list[dict[str, float]]:
    """Count the labels of a window among the candidates of its users.

    Returns:
        One row a size: num_candidates; all, the share of all labels found, and the part of it that each source found
        (bought before; trending or new; bought together with what the user bought; for its type and recent buyers
        alone); new, the share of the labels never bought before that is found.
    """
    users = window.users_with_labels()
    num_labels = int((window.products.users >= 0).sum())
    num_new = num_labels - len(window.repeated_users())
    fresh = list_fresh_products(window.arrays)
    rows = []
    for size in sizes:
        found = np.zeros(len(SOURCES))
        for start in range(0, len(users), USERS_AT_ONCE):
            candidates = draw_candidates(window.arrays, users[start : start + USERS_AT_ONCE], size)
            is_label = window.pair_labels(candidates.user_rows, candidates.product_rows) > 0
            of = [
                candidates.history_rows >= 0,
                np.isin(candidates.product_rows, fresh),
                candidates.column("pair_together") > 0,
            ]
            source = np.select(of, np.arange(len(of)), default=len(of))
            found += np.bincount(source, weights=is_label, minlength=len(SOURCES))
        shares = found / max(num_labels, 1)
        new = found[1:].sum() / max(num_new, 1)
        row = {"num_candidates": float(size), "all": float(shares.sum()), "new": float(new)}
        rows.append(row | dict(zip(SOURCES, shares.tolist(), strict=True)))
    return rows
