"""The homepage's answer: climbs down the ladder until the page is full.

published   the user's list of the shown batch
model       the model server's, for a known user whom the batch lacks
categories  popular products of the categories that the user orders from
popular     popular everywhere
newest      newest in the batch
catalogue   whatever can be sold: needs nothing published
local:*     the local copy, when the database does not answer

What the user bought in the last hours is left out, unless it is of the kind that they buy again and again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from api.clients.model_server import ModelList, Recommender
from api.db.coalescing import GatheredReads
from api.db.reader import ShopReader, ShopUnavailableError
from api.pages.answer import NOBODY, HomeAnswer, pack_answer
from api.pages.experiment import Comparison, pointer_of
from api.pages.fallback import LastGood, fill_from_shelf
from api.pages.ladder import Ladder, Pick
from api.pages.live_products import LivePage, LiveProducts, Unchanged
from api.queries.catalogue import fetch_any_sellable, fetch_favourite_categories
from api.queries.coupons import HeldCoupon, fetch_held_coupons
from api.queries.published import Opener, Opening, SharedLists, SharedListsCache, fetch_openings
from api.queries.purchases import fetch_just_bought
from api.queries.ranked_list import StoredEntry

KEPT_PAGES = 10_000


@dataclass(frozen=True)
class PageRules:
    """What an installation may choose about its homepage.

    Attributes:
        category_share: most of the first 20 slots that one category may have.
        recent_hours: how long a purchase keeps its product off the page.
        comparison: a second alias whose lists some shoppers see.
    """

    category_share: float = 0.4
    recent_hours: float = 12.0
    comparison: Comparison = field(default_factory=Comparison)


class Visit(NamedTuple):
    """Who asks for how much, and what was read of them first."""

    user_id: int | None
    limit: int
    opening: Opening
    arm: str | None

    @property
    def asks_model(self) -> bool:
        """Whether the model server may rank for the user: one whom the shop knows and the batch lacks."""
        return self.opening.entries is None and self.opening.nickname is not None


class HomePage:
    """Answers for the homepage, whatever fails."""

    def __init__(
        self,
        reader: ShopReader,
        recommender: Recommender,
        last_good: LastGood,
        cache: SharedListsCache,
        rules: PageRules = PageRules(),
    ):
        """Take the neighbours.

        Args:
            reader: the shop's database.
            recommender: the model server.
            last_good: the local copy.
            cache: shared lists by batch.
            rules: what the installation chose.
        """
        self._reader = reader
        self._openings: GatheredReads[Opener, Opening] = GatheredReads(
            reader, partial(fetch_openings, lately=timedelta(hours=rules.recent_hours))
        )
        self._products = LiveProducts(reader)
        self._recommender = recommender
        self._last_good = last_good
        self._cache = cache
        self._rules = rules
        self._kept: Unchanged[tuple[int | None, int], HomeAnswer] = Unchanged(KEPT_PAGES)

    async def answer(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Give a full page as long as the shop has enough to sell.

        Args:
            user_id: the shopper; `None` when logged out.
            limit: products wanted.
        """
        try:
            mark = self._reader.read_mark()
            unchanged = self._kept.since(mark)
            if (kept := unchanged.get((user_id, limit))) is not None:
                return kept
            answer = await self._answer_live(user_id, limit, mark)
        except ShopUnavailableError:
            return self._answer_locally(user_id, limit)
        if mark is not None and not answer.depends_on_time:
            unchanged[user_id, limit] = answer
        if user_id is not None and answer.nickname != NOBODY:
            self._last_good.remember_page(user_id, answer)
        return answer

    async def _answer_live(self, user_id: int | None, limit: int, mark: int | None) -> HomeAnswer:
        products = self._products.since(mark)
        visit, picks = await self._reader.within_deadline(self._read_page(user_id, limit, products))
        opening = visit.opening
        version, arm = opening.head.model_version if opening.head else "", visit.arm
        if picks is None and user_id is not None:
            ranked = await self._recommender.rank(user_id)
            picks = await self._reader.within_deadline(self._fill_page(visit, ranked, products))
            if ranked and any(pick.rung == "model" for pick in picks):
                version, arm = ranked.model_version, None
        depends_on_time = opening.has_coupons or visit.asks_model or opening.ordered_lately
        nickname = opening.nickname or NOBODY
        return pack_answer(picks or [], nickname, opening.head, version, arm, depends_on_time=depends_on_time)

    async def _read_page(self, user_id: int | None, limit: int, products: LivePage) -> tuple[Visit, list[Pick] | None]:
        """Read the pointer and, unless the model server should be asked first, the whole page."""
        arm = self._rules.comparison.assign(user_id)
        opening = await self._open(Opener(user_id, pointer_of(arm)))
        if opening.head is None and arm is not None:  # the second alias has no lists yet: nothing is compared
            arm, opening = None, await self._open(Opener(user_id))
        visit = Visit(user_id, limit, opening, arm)
        if visit.asks_model:
            return visit, None
        return visit, await self._fill_page(visit, None, products)

    async def _open(self, opener: Opener) -> Opening:
        return (await self._openings.fetch((opener,)))[opener]

    async def _fill_page(self, visit: Visit, ranked: ModelList | None, products: LivePage) -> list[Pick]:
        """Climb down all rungs that need no other neighbour than the database."""
        opening = visit.opening
        without = await self._fetch_just_bought(visit)
        ladder = Ladder(visit.limit, products.fetch, without, self._rules.category_share)
        listed: Iterable[StoredEntry] = opening.entries or []
        if opening.has_coupons and opening.entries is not None and visit.user_id is not None:
            listed = whole = list(opening.entries)  # a coupon may speak for any of it
            coupons = await self._reader.run(fetch_held_coupons, visit.user_id)
            await ladder.lift(whole, partial(_has_coupon, coupons))
        await ladder.step("published", listed)
        await ladder.step("model", ranked.entries if ranked else [])
        if ladder.missing:
            await self._step_down(visit, ladder)
        await ladder.finish()
        if ladder.missing:
            ladder.take("catalogue", await self._reader.run(fetch_any_sellable, visit.limit, ladder.met), "new")
        return ladder.picks

    async def _step_down(self, visit: Visit, ladder: Ladder) -> None:
        """Go on with the rungs that all shoppers share, as far as the head's rule allows."""
        head, user_id = visit.opening.head, visit.user_id
        shared = await self._reader.run(self._cache.fetch, head.batch_id) if head else SharedLists()
        if user_id is not None and visit.opening.nickname is not None:
            favourites = await self._reader.run(fetch_favourite_categories, user_id)
            await ladder.step("categories", shared.of_categories(favourites))
        await ladder.step("popular", shared.popular)
        await ladder.step("newest", shared.newest)
        if ladder.missing:
            others = await self._reader.run(fetch_any_sellable, visit.limit, ladder.met, ladder.full_categories)
            ladder.take("catalogue", others, "new")

    async def _fetch_just_bought(self, visit: Visit) -> set[int]:
        """Find what stays off the page; most users have not ordered lately, which the opening already says."""
        if visit.user_id is None or not visit.opening.ordered_lately:
            return set()
        return await self._reader.run(fetch_just_bought, visit.user_id, self._rules.recent_hours)

    def _answer_locally(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Answer without the database; the page says so in its rungs, and still comes from one batch."""
        page, shelf = self._last_good.recall_page(user_id), self._last_good.shelf
        if page and shelf.products and page.num_products < limit and page.head != shelf.head:
            page = None
        picks = fill_from_shelf(page.picks if page else [], shelf, limit)
        head = page.head if page else shelf.head
        return pack_answer(picks, page.nickname if page else NOBODY, head, head.model_version if head else "")


def _has_coupon(coupons: list[HeldCoupon], product_id: int, category_id: int) -> bool:
    """Tell whether a coupon speaks for a product; one for the whole shop speaks for none."""
    return any(coupon.is_specific and coupon.covers(product_id, category_id) for coupon in coupons)
