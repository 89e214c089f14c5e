"""What was bought before an instant, as training reads it: all in memory, or on disk where that does not fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.snapshot.past import SpreadPurchases, spread_purchases
from features.snapshot.purchases import Purchases, load_purchases
from features.snapshot.spreading import count_lines, fit_in_memory
from features.store import MLStore
from training.data.user_sample import OrderIndex


@dataclass(frozen=True)
class SampledShop:
    """A shop that does not fit in memory: its purchases in files, and who may be sampled.

    Attributes:
        purchases: of all users.
        index: when users ordered.
    """

    purchases: SpreadPurchases
    index: OrderIndex

    @property
    def as_of(self) -> datetime:
        """The instant; every purchase lies strictly before it."""
        return self.purchases.as_of


Shop = Purchases | SampledShop


def load_shop(store: MLStore, as_of: datetime, versions: Mapping[str, int], scratch: Path, seed: int) -> Shop:
    """Read the shop as it was known just before an instant; one of many orders into files.

    Args:
        store: the ML store.
        as_of: timezone-aware; orders placed at this very instant belong to the future.
        versions: table versions to read.
        scratch: an empty folder, which the caller deletes once the last window is open.
        seed: of the sample of users.

    Raises:
        StoreError: the shop was never synced, or the store cannot be read.
    """
    if fit_in_memory(count_lines(store, versions)):
        return load_purchases(store, as_of, versions)
    index = OrderIndex.load(store, as_of, versions, seed)
    return SampledShop(spread_purchases(store, as_of, versions, scratch), index)


def find_first_order(shop: Shop) -> datetime | None:
    """Return when the first order was placed; None if there is none."""
    if isinstance(shop, SampledShop):
        return shop.index.first_order
    first = shop.lines["ordered_at"].min()
    assert first is None or isinstance(first, datetime)
    return first
