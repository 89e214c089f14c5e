"""Exclusions: what a shopper wants left out of lists, applied wherever products are looked up.

What was read of a shopper is remembered for when a database does not answer: what this process knows to be refused is
on none of its pages then either.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement

from api.db.databases import Databases
from api.pages.ladder import FetchSellable
from api.queries.catalogue import SellableProduct
from api.queries.choices import StoredChoice, fetch_choices
from api.queries.chosen_products import fetch_families, fetch_only_given, list_conditions
from api.queries.purchases import OrderLine
from api.queries.ranked_list import BOUGHT_BEFORE, StoredEntry
from shop.tables import GIFT, NOT_INTERESTED_PRODUCT, NOT_INTERESTED_TYPE

REMEMBERED_SHOPPERS = 10_000


@dataclass(frozen=True)
class Exclusions:
    """What a shopper wants left out.

    Attributes:
        products: ids of products.
        families: their families.
        types: kinds of products; the id of a category stands for those of its products that have no kind.
        gifts: lines of orders that were gifts, which say nothing of the shopper's own taste.
        only_given: products that were bought in such lines alone.
    """

    products: frozenset[int] = frozenset()
    families: frozenset[int] = frozenset()
    types: frozenset[str | int] = frozenset()
    gifts: frozenset[OrderLine] = frozenset()
    only_given: frozenset[int] = frozenset()

    @property
    def leaves_out(self) -> bool:
        """Whether there is anything that is to be left out."""
        return bool(self.products or self.types)

    def covers(self, product: SellableProduct) -> bool:
        """Return whether a product is to be left out."""
        return (
            product.product_id in self.products
            or product.family_id in self.families
            or (product.product_type or product.category_id) in self.types
        )

    def sift(self, load: FetchSellable) -> FetchSellable:
        """Return a way to look products up by which those that are to be left out cannot be sold."""
        if not self.leaves_out:
            return load

        async def load_wanted(product_ids: Collection[int]) -> Mapping[int, SellableProduct | None]:
            found = await load([*product_ids])
            return {each: found.get(each) for each in product_ids if not self._covers(found.get(each))}

        return load_wanted

    def list_conditions(self) -> list[ColumnElement[bool]]:
        """Write what a query of products has to hold to, so that none of them is to be left out."""
        return list_conditions(self.products, self.families, self.types) if self.leaves_out else []

    def keep(self, entries: Iterable[StoredEntry]) -> Iterable[StoredEntry]:
        """Leave out of a list what is only there because it was bought, and was bought for others."""
        if not self.only_given:
            return entries
        return (entry for entry in entries if entry[0] not in self.only_given or entry[3] != BOUGHT_BEFORE)

    def _covers(self, product: SellableProduct | None) -> bool:
        return product is not None and self.covers(product)


NOTHING_EXCLUDED = Exclusions()


class RememberedExclusions:
    """What shoppers wanted left out when it was read last, in bounded memory."""

    def __init__(self, most: int = REMEMBERED_SHOPPERS):
        """Know nothing yet.

        Args:
            most: shoppers that are remembered; those that were read longest ago go first.
        """
        self._most = most
        self._known: OrderedDict[int, Exclusions] = OrderedDict()

    def note(self, user_id: int, exclusions: Exclusions) -> None:
        """Keep what was just read of a shopper; of one who leaves nothing out there is nothing to keep."""
        self._known.pop(user_id, None)
        if exclusions.leaves_out:
            self._known[user_id] = exclusions
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def recall(self, user_id: int | None) -> Exclusions:
        """Return what a shopper wants left out, as far as this process knows."""
        return NOTHING_EXCLUDED if user_id is None else self._known.get(user_id, NOTHING_EXCLUDED)


async def load_exclusions(databases: Databases, user_id: int | None, remembered: RememberedExclusions) -> Exclusions:
    """Read what a shopper wants left out.

    Args:
        databases: the shop's and the platform's.
        user_id: the shopper; `None` when logged out.
        remembered: learns what is read.

    Raises:
        DatabaseUnavailableError: a database fails or is too slow.
    """
    if user_id is None:
        return NOTHING_EXCLUDED
    choices = await databases.platform.read(fetch_choices, user_id)
    products = frozenset(_products_of(choices, NOT_INTERESTED_PRODUCT))
    gifts = frozenset((each.order_id, each.product_id) for each in choices if each.kind == GIFT)
    exclusions = Exclusions(
        products,
        await databases.shop.read(fetch_families, products) if products else frozenset(),
        frozenset(each.product_type or each.category_id for each in choices if each.kind == NOT_INTERESTED_TYPE),
        gifts,
        await databases.shop.read(fetch_only_given, user_id, gifts) if gifts else frozenset(),
    )
    remembered.note(user_id, exclusions)
    return exclusions


def _products_of(choices: Iterable[StoredChoice], kind: str) -> Iterator[int]:
    return (choice.product_id for choice in choices if choice.kind == kind)
