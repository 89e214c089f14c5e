"""How many user buckets a store has: chosen by its size or by NUM_BUCKETS at first, changed by features.rebucket alone.

The number lies in the store, so that all workers know the same, whatever their settings say.
"""

import logging

from features.snapshot.buckets import fit_buckets
from features.snapshot.index_row import read_newest_row
from features.snapshot.spreading import count_lines
from features.store import MLStore

logger = logging.getLogger(__name__)


def wish_num_buckets(store: MLStore, wished: int | None) -> int:
    """Return how many buckets a store is to have: as NUM_BUCKETS wishes, else as many as its lines of orders want.

    Raises:
        StoreError: nothing is wished, and the shop was never synced.
    """
    if wished is not None:
        return wished
    return fit_buckets(count_lines(store, {"order_items": store.version("order_items")}))


def settle_num_buckets(store: MLStore, wished: int | None) -> int:
    """Return how many buckets a snapshot is to have: as many as the store has; before its first one, as wished.

    Where the store has others than NUM_BUCKETS wishes, or fewer than its size wants, a line of the log says so.

    Raises:
        StoreError: the shop was never synced.
    """
    newest, wanted = read_newest_row(store), wish_num_buckets(store, wished)
    if newest is None:
        return wanted
    found = newest.num_buckets
    if (found != wanted) if wished is not None else (found < wanted):
        why = "NUM_BUCKETS says" if wished is not None else "its size wants"
        logger.warning(
            "the store has %d user buckets, and %s %d: `python -m features.rebucket --buckets %d` changes it",
            *(found, why, wanted, wanted),
        )
    return found
