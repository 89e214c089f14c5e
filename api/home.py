"""The homepage's answer: climbs down the ladder until the page is full.

published   the user's list of the shown batch
model       the model server's, for a known user whom the batch lacks
categories  popular products of the categories that the user orders from
popular     popular everywhere
newest      newest in the batch
catalogue   whatever can be sold, newest first: needs nothing published
local:*     the local copy, when the database does not answer
"""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from api.catalogue import fetch_any_sellable, fetch_favourite_categories, fetch_sellable
from api.ladder import Ladder, Pick
from api.last_good import LastGood, RememberedPage, fill_from_shelf
from api.published import BatchHead, Opening, SharedLists, SharedListsCache, fetch_opening
from api.reader import ShopReader, ShopUnavailableError
from api.recommender import ModelList, Recommender

NOBODY = ""
"""Nickname of a shopper without one, logged out or unknown: the seed's field stays a string."""


@dataclass(frozen=True)
class HomeAnswer:
    """A page and where it comes from.

    Attributes:
        nickname: the user's; empty for a shopper whom the shop does not know.
        picks: products, best first.
        head: the batch that the page comes from; `None` when nothing is published.
        model_version: version that ranked the first products; empty when none did.
    """

    nickname: str
    picks: list[Pick]
    head: BatchHead | None
    model_version: str

    @property
    def rungs(self) -> str:
        """The rungs used, in order, with commas; `none` for an empty page."""
        return ",".join(dict.fromkeys(pick.rung for pick in self.picks)) or "none"


class HomePage:
    """Answers for the homepage, whatever fails."""

    def __init__(self, reader: ShopReader, recommender: Recommender, last_good: LastGood, cache: SharedListsCache):
        """Take the neighbours.

        Args:
            reader: the shop's database.
            recommender: the model server.
            last_good: the local copy.
            cache: shared lists by batch.
        """
        self._reader = reader
        self._recommender = recommender
        self._last_good = last_good
        self._cache = cache

    async def answer(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Give a full page as long as the shop has enough to sell.

        Args:
            user_id: the shopper; `None` when logged out.
            limit: products wanted.
        """
        try:
            answer = await self._answer_live(user_id, limit)
        except ShopUnavailableError:
            return self._answer_locally(user_id, limit)
        if user_id is not None and answer.nickname != NOBODY:
            self._last_good.remember_page(user_id, RememberedPage(answer.head, answer.nickname, answer.picks))
        return answer

    async def _answer_live(self, user_id: int | None, limit: int) -> HomeAnswer:
        opening, picks = await self._reader.run(self._read_page, user_id, limit)
        if picks is None and user_id is not None:
            ranked = await self._recommender.rank(user_id)
            picks = await self._reader.run(self._fill_page, opening, user_id, limit, ranked)
            if ranked and any(pick.rung == "model" for pick in picks):
                return HomeAnswer(opening.nickname or NOBODY, picks, opening.head, ranked.model_version)
        version = opening.head.model_version if opening.head else ""
        return HomeAnswer(opening.nickname or NOBODY, picks or [], opening.head, version)

    def _read_page(self, connection: Connection, user_id: int | None, limit: int) -> tuple[Opening, list[Pick] | None]:
        """Read the pointer and, unless the model server should be asked first, the whole page in one go."""
        opening = fetch_opening(connection, user_id)
        if opening.entries is None and opening.nickname is not None:
            return opening, None
        return opening, self._fill_page(connection, opening, user_id, limit, None)

    def _fill_page(
        self, connection: Connection, opening: Opening, user_id: int | None, limit: int, ranked: ModelList | None
    ) -> list[Pick]:
        """Climb down all rungs that need no other neighbour than the database."""
        ladder = Ladder(limit, partial(fetch_sellable, connection))
        ladder.step("published", opening.entries or [])
        ladder.step("model", ranked.entries if ranked else [])
        if not ladder.missing:
            return ladder.picks
        head = opening.head
        shared = self._cache.fetch(connection, head.batch_id) if head else SharedLists()
        if user_id is not None and opening.nickname is not None:
            ladder.step("categories", shared.of_categories(fetch_favourite_categories(connection, user_id)))
        ladder.step("popular", shared.popular)
        ladder.step("newest", shared.newest)
        if ladder.missing:
            ladder.take("catalogue", fetch_any_sellable(connection, limit), "new")
        return ladder.picks

    def _answer_locally(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Answer without the database; the page says so in its rungs, and still comes from one batch."""
        page, shelf = self._last_good.recall_page(user_id), self._last_good.shelf
        if page and len(page.picks) < limit and page.head != shelf.head:
            page = None
        picks = fill_from_shelf(page.picks if page else [], shelf, limit)
        head = page.head if page else shelf.head
        return HomeAnswer(page.nickname if page else NOBODY, picks, head, head.model_version if head else "")
