"""Local fallback: what an API process answers with when a database does not.

It holds the shared rungs of the last batch that could be read, already merged with the catalogue, the pages that users
were shown lately, and what users want left out. The shared rungs also go to disk, for a start while the database is
down.
"""

import asyncio
import logging
import os
import socket
from collections import OrderedDict
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter

from api.db.databases import Databases
from api.merchandising.rules import NO_RULES, AppliedRules
from api.merchandising.rules_cache import RulesCache
from api.pages.answer import HomeAnswer
from api.pages.exclusions import NOTHING_EXCLUDED, Exclusions, RememberedExclusions
from api.pages.families import keep_first_variants
from api.pages.ladder import RankedProduct
from api.pages.latest_products import LatestProducts
from api.pages.shop_ids import ShopIds
from api.queries.catalogue import SellableProduct, fetch_any_sellable, fetch_categories, fetch_sellable
from api.queries.published import BatchHead, SharedListsCache, fetch_head
from api.queries.ranked_list import Entry
from api.schemas import Categories
from shop.mapping.id_map import Texts
from shop.storefront.config import InvalidStorefrontError, StorefrontConfig, parse_storefront
from shop.storefront.departments import find_restricted
from shop.storefront.document import read_document

REMEMBERED_USERS = 10_000
COPY_LENGTH = 100

READ_AT_ONCE = 100
PAUSE_SECONDS = 0.001
"""A copy is read in pieces, with room for pages between them; a thread would take the interpreter from the pages."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FallbackCopy:
    """Products for everybody, best first, and what surrounds them.

    `ids` are the shop's own ids of products and categories, where they are text.
    """

    head: BatchHead | None
    products: list[SellableProduct]
    categories: Categories | None = None
    storefront: str = ""
    ids: Texts = field(default_factory=dict)


async def read_fallback_copy(
    databases: Databases,
    cache: SharedListsCache,
    latest: LatestProducts,
    shop_ids: ShopIds,
    rules: AppliedRules = NO_RULES,
) -> FallbackCopy:
    """Gather popular, newest and any sellable products of the shown batch, merged with the catalogue.

    Args:
        databases: the shop's and the platform's.
        cache: shared lists by batch.
        latest: learns what can be sold now.
        shop_ids: the shop's own ids, where they are text.
        rules: the merchant's; what they hide is not in the copy, which outlives the process that knows them.

    Raises:
        DatabaseUnavailableError: a database fails or is too slow.
    """
    shop, platform = databases.shop, databases.platform
    head = await platform.read(fetch_head)
    entries: list[Entry] = []
    if head is not None:
        shared = await platform.read(cache.get, head)
        entries = [*shared.popular, *shared.newest, *(entry for each in shared.by_category.values() for entry in each)]
    ids = list(dict.fromkeys(entry.product_id for entry in entries))
    sellable: dict[int, SellableProduct] = {}
    for start in range(0, len(ids), READ_AT_ONCE):
        asked = ids[start : start + READ_AT_ONCE]
        found = await shop.read(fetch_sellable, asked)
        latest.note(asked, found)
        sellable |= found
        await asyncio.sleep(PAUSE_SECONDS)
    products = [sellable[product_id] for product_id in ids if product_id in sellable]
    shown = {product.product_id for product in products}
    others = await shop.read(fetch_any_sellable, COPY_LENGTH, conditions=rules.list_conditions())
    latest.note_sellable(others)
    products += [product for product in others if product.product_id not in shown]
    products = list(rules.keep_shown(products))
    categories, storefront = await shop.read(fetch_categories), await platform.read(read_document)
    return FallbackCopy(head, products, categories, storefront, await spell_ids(shop_ids, products, categories))


async def spell_ids(shop_ids: ShopIds, products: Iterable[SellableProduct], categories: Categories) -> Texts:
    """Find the shop's own ids of products and categories, where they are text.

    Raises:
        DatabaseUnavailableError: the platform's database fails or is too slow.
    """
    numbers = {"products": [product.product_id for product in products]}
    numbers["categories"] = [category.category_id for category in categories.categories]
    texts: Texts = {kind: {} for kind in shop_ids.kinds}
    for kind in texts.keys() & numbers.keys():
        for start in range(0, len(numbers[kind]), READ_AT_ONCE):
            texts[kind] |= await shop_ids.spell(kind, numbers[kind][start : start + READ_AT_ONCE])
    return texts


_COPY = TypeAdapter(FallbackCopy)


class FallbackCache:
    """Remembers good answers in bounded memory, and the copy on disk."""

    def __init__(self, path: Path):
        """Take up the copy on disk, if an earlier process left one.

        Args:
            path: file of the copy; several processes may share it, since it is only ever replaced as a whole.
        """
        self._path = path
        self._pages: OrderedDict[int, HomeAnswer] = OrderedDict()
        self.exclusions = RememberedExclusions()
        self.latest = LatestProducts()
        self.rules = RulesCache(lambda: self.copy.products)
        self.failure: str | None = None
        """What kept the copy from being renewed though the database answers; `None` when nothing did."""
        self.storefront = StorefrontConfig()
        """What the merchant said of the storefront."""
        self.storefront_failure: str | None = None
        """What is wrong with the storefront's document, of which nothing holds then; `None` when nothing is."""
        self.restricted: frozenset[int] = frozenset()
        """Departments that are never recommended, as far as the copy knows."""
        self._keep_copy(_load_copy(path))

    def with_rules(self, rules: AppliedRules) -> "FallbackCache":
        """Return the same copy under other rules, for a page that is only tried out; what it remembers is its own."""
        view = copy(self)
        view._pages, view.rules = OrderedDict(), RulesCache.fixed(rules)
        return view

    def remember_page(self, user_id: int, page: HomeAnswer) -> None:
        """Keep a page; the least recently shown one goes when there are too many."""
        self._pages[user_id] = page
        self._pages.move_to_end(user_id)
        if len(self._pages) > REMEMBERED_USERS:
            self._pages.popitem(last=False)

    def recall_page(self, user_id: int | None) -> HomeAnswer | None:
        """Return the page that a user was shown last."""
        return None if user_id is None else self._pages.get(user_id)

    async def load_restricted(self, databases: Databases) -> frozenset[int]:
        """Return the departments that are never recommended; until there is a copy, they are read.

        Args:
            databases: the shop's and the platform's.

        Raises:
            DatabaseUnavailableError: there is no copy, and a database cannot be reached.
        """
        if self.copy.categories is not None:
            return self.restricted
        categories, document = await databases.shop.read(fetch_categories), await databases.platform.read(read_document)
        return _find_restricted(_read_storefront(document)[0], categories)

    def list_products(self) -> list[SellableProduct]:
        """Return the products of the copy, best first, as they were read last."""
        return list(self.rules.current.keep_shown(self.latest.renew(self.copy.products)))

    def recall_product(self, product_id: int) -> SellableProduct | None:
        """Return a product that this process read, or that the copy has."""
        known = self.latest.renew(self.copy.products)
        copied = (product for product in known if product.product_id == product_id)
        return self.latest.find(product_id) or next(copied, None)

    def fill_page(
        self, remembered: Iterable[RankedProduct], limit: int, exclusions: Exclusions = NOTHING_EXCLUDED
    ) -> list[RankedProduct]:
        """Make a page of a remembered one, topped up from the copy, without repeats and as products were read last."""
        reasons = {ranked.product.product_id: ranked.reason for ranked in remembered}
        known = [*self.latest.renew(ranked.product for ranked in remembered), *self.list_products()]
        products = keep_first_variants(each for each in known if not self._is_out(each) and not exclusions.covers(each))
        return [
            RankedProduct(product, "local:recent", reasons[product.product_id])
            if product.product_id in reasons
            else RankedProduct(product, "local:popular", "popular")
            for product in islice(products, limit)
        ]

    def replace_copy(self, copy: FallbackCopy) -> None:
        """Keep a fresh copy, in memory and on disk. A disk that refuses is worth a warning, not a failure."""
        self._keep_copy(copy)
        self.failure = None
        part = self._path.with_name(f"{self._path.name}.{socket.gethostname()}.{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(_COPY.dump_json(copy))
            part.replace(self._path)
        except OSError as err:
            logger.warning("local fallback not written path=%s reason=%r", self._path, str(err))

    def _is_out(self, product: SellableProduct) -> bool:
        is_hidden = self.rules.current.hides(product.product_id, product.category_id)
        return is_hidden or product.category_id in self.restricted

    def _keep_copy(self, copy: FallbackCopy) -> None:
        """Take a copy, and read what its document says; the same one is read once."""
        self.copy = copy
        self.storefront, failure = _read_storefront(copy.storefront)
        if failure is not None and failure != self.storefront_failure:
            logger.warning("storefront has its defaults reason=%r", failure)
        self.storefront_failure = failure
        self.restricted = _find_restricted(self.storefront, copy.categories or Categories(categories=[]))


def _find_restricted(storefront: StorefrontConfig, categories: Categories) -> frozenset[int]:
    return find_restricted(storefront, {each.category_id: each.name for each in categories.categories})


@lru_cache(1)
def _read_storefront(document: str) -> tuple[StorefrontConfig, str | None]:
    try:
        return parse_storefront(document), None
    except InvalidStorefrontError as err:
        return StorefrontConfig(), str(err)


def _load_copy(path: Path) -> FallbackCopy:
    """Read the copy on disk. A broken one is worth a warning: the database will give a new one."""
    if not path.exists():
        return FallbackCopy(None, [])
    try:
        return _COPY.validate_json(path.read_bytes())
    except (OSError, ValueError) as err:
        logger.warning("local fallback not read path=%s reason=%s", path, type(err).__name__)
        return FallbackCopy(None, [])
