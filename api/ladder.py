"""The ladder: fills a page from one rung after another, best first, without holes and without repeats.

Pure but for the catalogue that it is given; which rungs there are, and when, is decided in `api/home.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from api.catalogue import SellableProduct
from api.published import Entry

SPARE = 8
"""Products asked beyond those missing, so that a few sold-out ones need no second query."""

FetchSellable = Callable[[Sequence[int]], Mapping[int, SellableProduct]]


class Pick(NamedTuple):
    """A product on the page, the rung that it came from, and why it was ranked there."""

    product: SellableProduct
    rung: str
    reason: str


class Ladder:
    """Picks for one page of `limit` products."""

    def __init__(self, limit: int, fetch_sellable: FetchSellable, without: Iterable[int] = ()):
        """Start with an empty page.

        Args:
            limit: products wanted.
            fetch_sellable: gives those of some product ids that can be sold now.
            without: products that must not be on the page.
        """
        self._limit = limit
        self._fetch_sellable = fetch_sellable
        self._met = set(without)
        self.picks: list[Pick] = []

    @property
    def missing(self) -> int:
        """Products that the page still lacks."""
        return self._limit - len(self.picks)

    def step(self, rung: str, entries: Iterable[Entry]) -> None:
        """Fill up from a rung's list, in its order, as far as its products can be sold."""
        fresh = [entry for entry in entries if not self._has_met(entry.product_id)]
        while fresh and self.missing:
            page, fresh = fresh[: self.missing + SPARE], fresh[self.missing + SPARE :]
            sellable = self._fetch_sellable([entry.product_id for entry in page])
            found = [entry for entry in page if entry.product_id in sellable]
            self.picks += [Pick(sellable[entry.product_id], rung, entry.reason) for entry in found[: self.missing]]

    def take(self, rung: str, products: Iterable[SellableProduct], reason: str) -> None:
        """Fill up with products that are known to be sellable."""
        shown = {pick.product.product_id for pick in self.picks}
        fresh = [product for product in products if product.product_id not in shown]
        self.picks += [Pick(product, rung, reason) for product in fresh[: self.missing]]

    def _has_met(self, product_id: int) -> bool:
        """Tell whether a product came by before, and note that it has now."""
        has_met = product_id in self._met
        self._met.add(product_id)
        return has_met
