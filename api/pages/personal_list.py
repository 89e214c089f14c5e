"""A shopper's list: published, or the model server's where the batch lacks the shopper or has not seen the last orders.

A list that was ranked again takes the place of the published one only if the same version made both on the same
snapshot: no page mixes two.
"""

from collections.abc import Sequence
from typing import NamedTuple

from api.clients.model_server import ModelList, ModelServerClient
from api.db.databases import Databases
from api.pages.shopper import PageShopper
from api.queries.purchases import UnrankedLine, fetch_lines_since
from api.queries.ranked_list import StoredEntry, keep_usable

PUBLISHED, MODEL = "published", "model"


class PersonalList(NamedTuple):
    """What was ranked for a shopper.

    Attributes:
        rung: `published` or `model`.
        entries: best first.
        model_version: version that ranked in the batch's stead; `None` where it is the batch's own.
    """

    rung: str = PUBLISHED
    entries: Sequence[StoredEntry] = ()
    model_version: str | None = None


class PersonalLists:
    """Finds the list of a shopper."""

    def __init__(self, databases: Databases, model_server: ModelServerClient):
        """Take the dependencies."""
        self._databases = databases
        self._model_server = model_server

    async def find(self, shopper: PageShopper) -> PersonalList:
        """Ask the model server where the shopper needs it; else, or without an answer, the published list is it.

        Raises:
            DatabaseUnavailableError: the shop's database fails or is too slow.
        """
        head, has_list = shopper.published.head, shopper.published.stored is not None
        published = list(keep_usable(shopper.published.parse()))
        ranked: ModelList | None = None
        if since := await self._fetch_since(shopper):
            assert shopper.user_id is not None
            again = await self._model_server.rank_again(shopper.user_id, since, published)
            if again and has_list and head is not None and again.batch_id == head.batch_id:
                return PersonalList(MODEL, again.entries)
            ranked = again
        if has_list:
            return PersonalList(PUBLISHED, published)
        if ranked is None and shopper.asks_model and shopper.user_id is not None:
            ranked = await self._model_server.rank(shopper.user_id)
        return PersonalList(MODEL, ranked.entries, ranked.model_version) if ranked else PersonalList()

    async def _fetch_since(self, shopper: PageShopper) -> list[UnrankedLine]:
        """Read what was ordered since the batch; without one, since orders are recent."""
        if shopper.user_id is None or not shopper.ordered_lately:
            return []
        head = shopper.published.head
        since = shopper.since if head is None else head.as_of
        read = self._databases.shop.read(fetch_lines_since, shopper.user_id, since, shopper.exclusions.gifts)
        return await self._databases.within_deadline(read)
