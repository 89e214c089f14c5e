"""Latest known state of products, from every read of this process.

Without the database, pages are made of copies that were read at different times. Such a page shows of a product what
was read last: one that was hidden or sold out since is left out, a price that moved is the new one.
"""

from collections.abc import Collection, Iterable, Mapping

from api.queries.catalogue import SellableProduct

KEPT_PRODUCTS = 50_000


class LatestProducts:
    """What was read last of each product, in bounded memory. Used from one thread, the event loop's."""

    def __init__(self, most: int = KEPT_PRODUCTS):
        """Know nothing yet.

        Args:
            most: products that are kept; those that were read longest ago go first.
        """
        self._most = most
        self._known: dict[int, SellableProduct | None] = {}

    def __contains__(self, product_id: object) -> bool:
        """Return whether anything is known of a product."""
        return product_id in self._known

    def note(self, asked: Collection[int], found: Mapping[int, SellableProduct | None]) -> None:
        """Keep what was just read of some products; those that were not found cannot be sold now."""
        known = self._known
        for product_id in asked:
            known.pop(product_id, None)
            known[product_id] = found.get(product_id)
        while len(known) > self._most:
            del known[next(iter(known))]

    def note_sellable(self, products: Iterable[SellableProduct]) -> None:
        """Keep products that can be sold now."""
        found = {product.product_id: product for product in products}
        self.note(found, found)

    def find(self, product_id: int) -> SellableProduct | None:
        """Return a product that could be sold when it was read last."""
        return self._known.get(product_id)

    def renew(self, products: Iterable[SellableProduct]) -> list[SellableProduct]:
        """Return remembered products as they were read last, without those that could not be sold then."""
        known = self._known
        latest = (known.get(product.product_id, product) for product in products)
        return [product for product in latest if product is not None]
