"""What personal pages are made from: databases, model server, local fallback, shared lists, and the shop's choices."""

from dataclasses import dataclass
from functools import cached_property

from api.clients.model_server import ModelServerClient
from api.db.databases import Databases
from api.pages.fallback import FallbackCache
from api.pages.live_products import LiveProducts
from api.pages.personal_list import PersonalLists
from api.pages.shopper import PageRules, ShopperReader
from api.queries.published import SharedListsCache


@dataclass(frozen=True)
class PageSources:
    """The dependencies of homepage, shelves and cart, which read of their shoppers together.

    Attributes:
        databases: the shop's and the platform's.
        model_server: the model server.
        fallback: the local fallback.
        cache: shared lists by batch.
        rules: what the installation chose.
    """

    databases: Databases
    model_server: ModelServerClient
    fallback: FallbackCache
    cache: SharedListsCache
    rules: PageRules

    @cached_property
    def shoppers(self) -> ShopperReader:
        """Reads what each page begins with; one for all pages, so that reads of several become one."""
        remembered, changes = self.fallback.exclusions, self.products.changes
        return ShopperReader(self.databases, self.rules, remembered, lambda: self.fallback.copy.head, changes)

    @cached_property
    def products(self) -> LiveProducts:
        """What can be sold now; one for all pages, so that they share what is in memory."""
        return LiveProducts(self.databases.shop, self.fallback.latest)

    @cached_property
    def lists(self) -> PersonalLists:
        """Finds the lists of shoppers whom the published one does not serve."""
        return PersonalLists(self.databases, self.model_server)
