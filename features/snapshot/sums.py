"""Sums over the purchases of all users, of whom no more than a part is in memory: tables of products and categories."""

import polars as pl

from features.snapshot.history import list_guest_baskets
from features.snapshot.products import (
    ProductSums,
    describe_products,
    find_intervals,
    list_intervals,
    merge_product_sums,
    sum_up_products,
)
from features.snapshot.purchases import Purchases
from features.snapshot.users import CategorySums, finish_categories, sum_up_categories
from features.snapshot.workspace import Workspace

INTERVALS_AT_ONCE = 2_000_000


class SumsOfParts:
    """What the purchases of parts of the users come to, each user in one of them.

    Attributes:
        guests: names of files in the workspace: what guests bought, as `list_guest_baskets` gives it.
    """

    guests: list[str]

    def __init__(self, workspace: Workspace):
        """Begin without purchases.

        Args:
            workspace: where what does not add up is kept until all parts have been seen.
        """
        self.guests = []
        self._workspace = workspace
        self._products: list[ProductSums] = []
        self._categories: list[CategorySums] = []
        self._intervals: list[str] = []
        self._num_intervals = 0

    def add(self, purchases: Purchases, pairs: pl.DataFrame) -> None:
        """Add the purchases of a part of the users.

        Args:
            purchases: of the part.
            pairs: who bought what of them, as `date_pairs` or `build_pairs` gives it.
        """
        self._products = [merge_product_sums([*self._products, sum_up_products(purchases, pairs)])]
        self._categories.append(sum_up_categories(purchases.lines))
        intervals = list_intervals(purchases, pairs)
        self._intervals.append(self._workspace.write_frame("intervals", intervals))
        self._num_intervals += intervals.height
        baskets = list_guest_baskets(purchases)
        self.guests += [self._workspace.write_frame("guests", baskets)] if baskets.height else []

    def list_bought(self) -> pl.Series:
        """List the ids of the products that anybody bought."""
        return self._products[0].sales["product_id"]

    def describe_products(self, products: pl.DataFrame) -> pl.DataFrame:
        """Describe products as `features.snapshot.products.describe_products` does, given as `Purchases` has them."""
        return describe_products(products, self._products[0], self._find_intervals(products["product_id"]))

    def describe_categories(self) -> pl.DataFrame:
        """Describe categories as `finish_categories` does."""
        return finish_categories(self._categories)

    def _find_intervals(self, product_ids: pl.Series) -> pl.DataFrame:
        """Find the usual interval of each product, for every n-th product at a time where there are many intervals."""
        num_groups = self._num_intervals // INTERVALS_AT_ONCE + 1
        groups = [product_ids.gather_every(num_groups, start) for start in range(num_groups)]
        intervals = self._workspace.scan_frames(self._intervals)
        found = (intervals.filter(pl.col("product_id").is_in(ids.implode())).collect() for ids in groups)
        return pl.concat([find_intervals(each) for each in found])
