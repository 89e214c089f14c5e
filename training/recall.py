"""How much of what is bought the candidates hold: what ranking can reach at best, by source."""

from features.candidates import draw_candidates
from training.dataset import USERS_AT_ONCE, Window

SIZES = (200, 500, 1000)


def measure_recall(window: Window, sizes: tuple[int, ...] = SIZES) -> list[dict[str, float]]:
    """Count the labels of a window among the candidates of its users.

    Returns:
        One row a size: num_candidates, all (share of all labels found), own (found among own purchases), new (share of
        the labels never bought before that is found).
    """
    users = window.users_with_labels()
    known = window.label_users >= 0
    num_labels = int(known.sum())
    num_new = num_labels - len(window.repeated_users())
    rows = []
    for size in sizes:
        own, new = 0.0, 0.0
        for start in range(0, len(users), USERS_AT_ONCE):
            candidates = draw_candidates(window.arrays, users[start : start + USERS_AT_ONCE], size)
            labels = window.pair_labels(candidates.user_rows, candidates.product_rows)
            is_own = candidates.history_rows >= 0
            own += float(labels[is_own].sum())
            new += float(labels[~is_own].sum())
        rows.append(
            {
                "num_candidates": float(size),
                "all": (own + new) / max(num_labels, 1),
                "own": own / max(num_labels, 1),
                "new": new / max(num_new, 1),
            }
        )
    return rows
