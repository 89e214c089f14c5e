"""The homepage: goes down the fallback chain, rung by rung, until the page is full.

published   the user's list of the shown batch
model       the model server's, for a known user whom the batch lacks
categories  popular products of the categories that the user orders from
popular     popular everywhere
newest      newest in the batch
catalogue   whatever can be sold: needs nothing published
local:*     the local fallback, when the database does not answer

What the user bought in the last hours is left out, unless the user reorders it regularly; so are the departments that
the storefront's document restricts.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from api.clients.model_server import ModelList, ModelServerClient
from api.db.coalescing import CoalescedReads
from api.db.reader import ShopReader, ShopUnavailableError
from api.pages.answer import NOBODY, HomeAnswer, pack_answer
from api.pages.experiment import Experiment, pointer_of
from api.pages.fallback import FallbackCache
from api.pages.ladder import Ladder, RankedProduct
from api.pages.live_products import LivePage, LiveProducts, Unchanged
from api.queries.catalogue import fetch_any_sellable, fetch_favourite_categories
from api.queries.coupons import HeldCoupon, fetch_held_coupons
from api.queries.published import PageContext, PageRequest, SharedLists, SharedListsCache, fetch_contexts
from api.queries.purchases import fetch_just_bought
from api.queries.ranked_list import StoredEntry, keep_usable

KEPT_PAGES = 10_000
UNREADABLE = (ArithmeticError, LookupError, TypeError, ValueError)
"""Raised by values that no query expects: what is known to occur is left out one by one, the rest costs the page."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PageRules:
    """What an installation may choose about its homepage.

    Attributes:
        category_share: most of the first 20 slots that one category may have.
        recent_hours: how long a purchase keeps its product off the page.
        experiment: a second alias whose lists some shoppers see.
    """

    category_share: float = 0.4
    recent_hours: float = 12.0
    experiment: Experiment = field(default_factory=Experiment)


class HomeRequest(NamedTuple):
    """Request for a homepage: who asks for how much, and what was read of them first."""

    user_id: int | None
    limit: int
    context: PageContext
    variant: str | None

    @property
    def asks_model(self) -> bool:
        """Whether the model server may rank for the user: one whom the shop knows and the batch lacks."""
        return self.context.entries is None and self.context.nickname is not None


class HomePage:
    """Answers for the homepage, whatever fails."""

    def __init__(
        self,
        reader: ShopReader,
        model_server: ModelServerClient,
        fallback: FallbackCache,
        cache: SharedListsCache,
        rules: PageRules = PageRules(),
    ):
        """Take the dependencies.

        Args:
            reader: the shop's database.
            model_server: the model server.
            fallback: the local fallback.
            cache: shared lists by batch.
            rules: what the installation chose.
        """
        self._reader = reader
        self._contexts: CoalescedReads[PageRequest, PageContext] = CoalescedReads(
            reader, partial(fetch_contexts, lately=timedelta(hours=rules.recent_hours))
        )
        self._products = LiveProducts(reader, fallback.latest)
        self._model_server = model_server
        self._fallback = fallback
        self._cache = cache
        self._rules = rules
        self._kept: Unchanged[tuple[int | None, int], HomeAnswer] = Unchanged(KEPT_PAGES)

    async def answer(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Return a full page as long as the shop has enough to sell.

        Args:
            user_id: the shopper; `None` when logged out.
            limit: products wanted.
        """
        try:
            mark = self._reader.read_mark()
            unchanged = self._kept.since(None if mark is None else (mark, self._fallback.restricted))
            if (kept := unchanged.get((user_id, limit))) is not None:
                return kept
            answer = await self._answer_live(user_id, limit, mark)
        except ShopUnavailableError:
            return self._answer_locally(user_id, limit)
        except UNREADABLE:
            logger.exception("homepage answered locally: what was read is not what the shop's tables hold")
            return self._answer_locally(user_id, limit)
        is_somebody = user_id is not None and answer.nickname != NOBODY
        if mark is not None and not answer.depends_on_time and (is_somebody or user_id is None):
            unchanged[user_id, limit] = answer  # never by a made-up id, which could push out all others
        if user_id is not None and is_somebody:
            self._fallback.remember_page(user_id, answer)
        return answer

    async def _answer_live(self, user_id: int | None, limit: int, mark: int | None) -> HomeAnswer:
        products = self._products.since(mark)
        request, ranked_products = await self._reader.within_deadline(self._read_page(user_id, limit, products))
        context = request.context
        version, variant = context.head.model_version if context.head else "", request.variant
        if ranked_products is None and user_id is not None:
            ranked = await self._model_server.rank(user_id)
            ranked_products = await self._reader.within_deadline(self._fill_page(request, ranked, products))
            if ranked and any(each.rung == "model" for each in ranked_products):
                version, variant = ranked.model_version, None
        depends_on_time = context.has_coupons or request.asks_model or context.ordered_lately
        nickname = context.nickname or NOBODY
        return pack_answer(
            ranked_products or [], nickname, context.head, version, variant, depends_on_time=depends_on_time
        )

    async def _read_page(
        self, user_id: int | None, limit: int, products: LivePage
    ) -> tuple[HomeRequest, list[RankedProduct] | None]:
        """Read the pointer and, unless the model server should be asked first, the whole page."""
        variant = self._rules.experiment.assign(user_id)
        context = await self._read_context(PageRequest(user_id, pointer_of(variant)))
        if context.head is None and variant is not None:  # the second alias has no lists yet: nothing is compared
            variant, context = None, await self._read_context(PageRequest(user_id))
        request = HomeRequest(user_id, limit, context, variant)
        if request.asks_model:
            return request, None
        return request, await self._fill_page(request, None, products)

    async def _read_context(self, request: PageRequest) -> PageContext:
        return (await self._contexts.load((request,)))[request]

    async def _fill_page(
        self, request: HomeRequest, ranked: ModelList | None, products: LivePage
    ) -> list[RankedProduct]:
        """Climb down all rungs that need no other service than the database."""
        context = request.context
        without = await self._fetch_just_bought(request)
        restricted = self._fallback.restricted
        ladder = Ladder(request.limit, products.load, without, self._rules.category_share, restricted)
        listed: Iterable[StoredEntry] = keep_usable(context.entries or [])
        if context.has_coupons and context.entries and request.user_id is not None:
            listed = whole = list(listed)  # a coupon may speak for any of it
            coupons = await self._reader.read(fetch_held_coupons, request.user_id)
            await ladder.lift(whole, partial(_has_coupon, coupons))
        await ladder.step("published", listed)
        await ladder.step("model", ranked.entries if ranked else [])
        if ladder.missing:
            await self._step_down(request, ladder)
        await ladder.finish()
        if ladder.missing:
            others = await self._reader.read(fetch_any_sellable, request.limit, ladder.met, ladder.full_categories)
            ladder.take("catalogue", others, "new")
        return ladder.ranked_products

    async def _step_down(self, request: HomeRequest, ladder: Ladder) -> None:
        """Go on with the rungs that all shoppers share, as far as the head's rule allows."""
        head, user_id = request.context.head, request.user_id
        shared = await self._reader.read(self._cache.get, head) if head else SharedLists()
        if user_id is not None and request.context.nickname is not None:
            favourites = await self._reader.read(fetch_favourite_categories, user_id)
            await ladder.step("categories", shared.of_categories(favourites))
        await ladder.step("popular", shared.popular)
        await ladder.step("newest", shared.newest)
        if ladder.missing:
            others = await self._reader.read(fetch_any_sellable, request.limit, ladder.met, ladder.full_categories)
            ladder.take("catalogue", others, "new")

    async def _fetch_just_bought(self, request: HomeRequest) -> set[int]:
        """Find what stays off the page; most users have not ordered lately, which the context already says."""
        if request.user_id is None or not request.context.ordered_lately:
            return set()
        return await self._reader.read(fetch_just_bought, request.user_id, self._rules.recent_hours)

    def _answer_locally(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Answer without the database; the page says so in its rungs, and still comes from one batch."""
        page, copy = self._fallback.recall_page(user_id), self._fallback.copy
        if page and copy.products and page.num_products < limit and page.head != copy.head:
            page = None
        ranked_products = self._fallback.fill_page(page.ranked_products if page else [], limit)
        head = page.head if page else copy.head
        return pack_answer(ranked_products, page.nickname if page else NOBODY, head, head.model_version if head else "")


def _has_coupon(coupons: list[HeldCoupon], product_id: int, category_id: int) -> bool:
    """Return whether a coupon speaks for a product; one for the whole shop speaks for none."""
    return any(coupon.is_specific and coupon.covers(product_id, category_id) for coupon in coupons)
