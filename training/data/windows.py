"""Windows in time: features known at an instant, labels from the purchases of the horizon that follows.

A window's features are those of a snapshot as of its start; its labels are the purchases in [start, start + horizon).
Nothing here reads past the instant that the purchases were loaded for.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.rebuild import build_snapshot
from features.snapshot.arrays import Float32, Int64, SnapshotArrays, Totals, find_rows
from features.snapshot.purchases import BoughtItem, Purchases
from training.config import DataConfig
from training.data.shops import SampledShop, Shop, find_first_order


@dataclass(frozen=True)
class Labels:
    """What users bought in a window, one row a user and item; items are products, or categories.

    A product that was hidden or sold out at the window's start could not be ranked, so it is no label.

    Attributes:
        users, items: int64[L], rows in the window's arrays, -1 = not known at its start.
        num_orders: float32[L], the user's orders in the window that hold the item.
        is_first: bool[L], whether the first of the user's orders in the window holds it.
    """

    users: Int64
    items: Int64
    num_orders: Float32
    is_first: npt.NDArray[np.bool_]

    @property
    def is_known(self) -> npt.NDArray[np.bool_]:
        """Which of them are of a user and an item that were known at the window's start."""
        return (self.users >= 0) & (self.items >= 0)

    def take(self, rows: npt.NDArray[np.bool_]) -> "Labels":
        """Keep some rows."""
        return Labels(self.users[rows], self.items[rows], self.num_orders[rows], self.is_first[rows])


@dataclass(frozen=True)
class Window:
    """A past window: the snapshot's arrays as of its start, and the purchases in it.

    Attributes:
        start: features lie before it, labels in [start, end).
        arrays: the snapshot as of `start`.
        products, categories: of the purchases.
        stands_for: float32[U], how many users each of `arrays` stands for, beside one who bought in the window; None
            where each stands for one.
    """

    start: datetime
    end: datetime
    arrays: SnapshotArrays
    products: Labels
    categories: Labels
    stands_for: Float32 | None = None

    def weigh_users(self, user_rows: Int64) -> Float32:
        """Return how many users each of some rows stands for, float32[len(user_rows)]."""
        return np.ones(len(user_rows), dtype=np.float32) if self.stands_for is None else self.stands_for[user_rows]

    def users_with_labels(self) -> Int64:
        """Return the rows of users known before the window who bought something in it, ascending."""
        rows = np.unique(self.products.users)
        return rows[rows >= 0]

    def users_without_labels(self, within_days: float = np.inf) -> Int64:
        """Return the rows of users who bought nothing in the window, ascending.

        Args:
            within_days: only of those who had ordered at most so many days before it.
        """
        days = self.arrays.user_column("user_days_since_order")
        rows: Int64 = np.setdiff1d(np.flatnonzero(days <= within_days), self.users_with_labels())
        return rows

    def repeated_users(self) -> Int64:
        """Return the user row of each bought product that the user had bought before."""
        num_products, labels = len(self.arrays.product_ids), self.products
        owners = np.repeat(np.arange(len(self.arrays.user_ids)), np.diff(self.arrays.history_offsets))
        bought = owners * num_products + self.arrays.history_products  # sorted by user, then product
        is_repeat = find_rows(bought, labels.users * num_products + labels.items) >= 0
        return labels.users[labels.is_known & is_repeat]

    def category_labels(
        self, user_rows: Int64, category_ids: Int64 | None = None, *, first_order: bool = False
    ) -> Float32:
        """Count the user's orders in the window that hold a category: float32[len(user_rows), C], 0 = none.

        Args:
            user_rows: int64[U].
            category_ids: int64[C], of the columns; one that was not known at `start` has no labels. All of `arrays`
                if it is None.
            first_order: categories that are not in the user's first order of the window count as not bought.
        """
        counts = np.zeros((len(self.arrays.user_ids), len(self.arrays.category_ids)), dtype=np.float32)
        labels = self.categories
        counted = labels.is_known & labels.is_first if first_order else labels.is_known
        counts[labels.users[counted], labels.items[counted]] = labels.num_orders[counted]
        if category_ids is None:
            return counts[user_rows]
        columns = self.arrays.find_categories(category_ids)
        return counts[user_rows][:, columns] * (columns >= 0)

    def pair_labels(self, user_rows: Int64, product_rows: Int64) -> Float32:
        """Count the user's orders in the window that hold a product: float32[P] for P pairs, 0 = none."""
        num_products, labels = len(self.arrays.product_ids), self.products
        bought = labels.users[labels.is_known] * num_products + labels.items[labels.is_known]
        order = np.argsort(bought)
        found = find_rows(bought[order], user_rows * num_products + product_rows)
        counts = np.append(labels.num_orders[labels.is_known][order], np.float32(0))  # row -1 is the 0
        return np.asarray(counts[found], dtype=np.float32)


def open_window(
    purchases: Purchases, start: datetime, horizon_days: int, arrays: SnapshotArrays | None = None
) -> Window:
    """Build the snapshot as of `start`, unless its arrays are there already, and the labels after it, of all users."""
    arrays = arrays or build_snapshot(purchases.before(start)).arrays
    return _label(purchases, start, start + timedelta(days=horizon_days), arrays)


def open_window_of(shop: Shop, start: datetime, horizon_days: int, most_buyers: int) -> Window:
    """Open a window of a shop; of one that does not fit in memory for a sample of its users.

    Args:
        shop: what was bought.
        start: of the window.
        horizon_days: its length.
        most_buyers: at most so many users of a sample bought in it.
    """
    if not isinstance(shop, SampledShop):
        return open_window(shop, start, horizon_days)
    end = start + timedelta(days=horizon_days)
    sample = shop.index.sample(start, end, most_buyers)
    chosen = shop.purchases.load_users(sample.user_ids)
    arrays = shop.purchases.build_snapshot(start, chosen).arrays
    rows = np.searchsorted(sample.user_ids, arrays.user_ids)
    return replace(_label(chosen, start, end, arrays), stands_for=sample.stands_for[rows])


def _label(purchases: Purchases, start: datetime, end: datetime, arrays: SnapshotArrays) -> Window:
    """Add the labels of a window [start, end) to the snapshot as of its start."""

    def label(item: BoughtItem, known_ids: Int64) -> Labels:
        bought = purchases.within(start, end, item)
        return Labels(
            users=find_rows(arrays.user_ids, bought["user_id"].to_numpy()),
            items=find_rows(known_ids, bought[item].to_numpy()),
            num_orders=bought["num_orders"].to_numpy().astype(np.float32),
            is_first=bought["is_first_order"].to_numpy(),
        )

    products, categories = label("product_id", arrays.product_ids), label("category_id", arrays.category_ids)
    could_be_ranked = (products.items < 0) | arrays.is_sellable[products.items]
    return Window(start, end, arrays, products.take(could_be_ranked), categories)


def sample_users(window: Window, most_buyers: int, seed: int) -> Window:
    """Keep a seeded sample of a window's users, buyers and others alike, so that shares over them are shares over all.

    Args:
        window: any.
        most_buyers: how many of those who bought in it are kept; where there are no more, the window stays as it is.
        seed: of the sample.
    """
    buyers, others = window.users_with_labels(), window.users_without_labels()
    if len(buyers) <= most_buyers:
        return window
    generator = np.random.default_rng([seed, 4])
    num_others = round(len(others) * most_buyers / len(buyers))
    kept = [generator.choice(rows, num, replace=False) for rows, num in ((buyers, most_buyers), (others, num_others))]
    return _keep_users(window, np.union1d(*kept))


def _keep_users(window: Window, rows: Int64) -> Window:
    """Keep some users' rows, ascending, and what was bought by them."""
    arrays = window.arrays
    lengths = np.diff(arrays.history_offsets)[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    pairs = np.arange(offsets[-1]) + np.repeat(arrays.history_offsets[rows] - offsets[:-1], lengths)
    owners = find_rows(rows, arrays.exclusions[:, 0])
    exclusions = np.column_stack([owners, arrays.exclusions[:, 1:]])[owners >= 0]
    totals = arrays.totals and Totals(
        arrays.totals.gross[pairs], arrays.totals.priced_lines[rows], arrays.totals.mean_prices
    )
    kept = arrays.with_users(
        user_ids=arrays.user_ids[rows],
        users=arrays.users[rows],
        user_categories=arrays.user_categories[rows],
        history=arrays.history[pairs],
        history_products=arrays.history_products[pairs],
        history_offsets=offsets,
        history_decayed=arrays.history_decayed[pairs],
        totals=totals,
        exclusions=exclusions,
    )

    def keep(labels: Labels) -> Labels:
        users = find_rows(rows, labels.users)
        return replace(labels, users=users).take(users >= 0)

    weights = None if window.stands_for is None else window.stands_for[rows]
    return Window(window.start, window.end, kept, keep(window.products), keep(window.categories), weights)


def list_window_starts(shop: Shop, before: datetime, config: DataConfig) -> list[datetime]:
    """List the starts of training windows that end on or before an instant and have history, latest first."""
    first = find_first_order(shop)
    horizon = timedelta(days=config.horizon_days)
    stride = timedelta(days=config.stride_days)
    starts = [before - horizon - stride * number for number in range(config.num_windows)]
    return [start for start in starts if first is not None and start - horizon / 2 >= first]
