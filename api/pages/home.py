"""The homepage: goes down the fallback chain, rung by rung, until the page is full.

published   the user's list of the shown batch
model       the model server's, for a known user whom the batch lacks
categories  popular products of the categories that the user orders from
popular     popular everywhere
newest      newest in the batch
catalogue   whatever can be sold: needs nothing published
local:*     the local fallback, when a database does not answer

What the user bought in the last hours is left out, unless the user reorders it regularly; so are the departments that
the storefront's document restricts, what the merchant's rules hide, and what the user is not interested in.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from api.clients.model_server import ModelList, ModelServerClient
from api.db.coalescing import CoalescedReads
from api.db.databases import Databases, wait_for_both
from api.db.reader import DatabaseUnavailableError
from api.pages.answer import NOBODY, HomeAnswer, pack_answer
from api.pages.exclusions import NOTHING_EXCLUDED, Exclusions, load_exclusions
from api.pages.experiment import Experiment, pointer_of
from api.pages.fallback import FallbackCache
from api.pages.ladder import Ladder, RankedProduct
from api.pages.live_products import LivePage, LiveProducts, Unchanged
from api.queries.catalogue import fetch_any_sellable, fetch_favourite_categories
from api.queries.coupons import HeldCoupon, fetch_held_coupons
from api.queries.profiles import Profile, fetch_profiles
from api.queries.published import ListRequest, SharedLists, SharedListsCache, UserList, fetch_lists
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
    """Request for a homepage: who asks for how much, and what was read of them first.

    Attributes:
        user_id: the shopper; `None` when logged out.
        limit: products wanted.
        published: what the pointed batch holds for the shopper.
        profile: what the shop knows of the shopper; `None` if it has no such user.
        variant: the alias whose lists the shopper sees in a running comparison; `None` outside of one.
        exclusions: what the shopper wants left out.
    """

    user_id: int | None
    limit: int
    published: UserList
    profile: Profile | None
    variant: str | None
    exclusions: Exclusions = NOTHING_EXCLUDED

    @property
    def asks_model(self) -> bool:
        """Whether the model server may rank for the user: one whom the shop knows and the batch lacks."""
        return self.published.entries is None and self.profile is not None

    @property
    def has_coupons(self) -> bool:
        """Whether the user holds coupons that may be valid."""
        return self.profile is not None and self.profile.has_coupons

    @property
    def ordered_lately(self) -> bool:
        """Whether the user ordered something that may still keep off the page."""
        return self.profile is not None and self.profile.ordered_lately


class HomePage:
    """Answers for the homepage, whatever fails."""

    def __init__(
        self,
        databases: Databases,
        model_server: ModelServerClient,
        fallback: FallbackCache,
        cache: SharedListsCache,
        rules: PageRules = PageRules(),
    ):
        """Take the dependencies.

        Args:
            databases: the shop's and the platform's.
            model_server: the model server.
            fallback: the local fallback.
            cache: shared lists by batch.
            rules: what the installation chose.
        """
        self._databases = databases
        self._shop, self._platform = databases.shop, databases.platform
        self._lists: CoalescedReads[ListRequest, UserList] = CoalescedReads(databases.platform, fetch_lists)
        self._profiles: CoalescedReads[int, Profile] = CoalescedReads(
            databases.shop, partial(fetch_profiles, lately=timedelta(hours=rules.recent_hours))
        )
        self._products = LiveProducts(databases.shop, fallback.latest)
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
            mark = self._databases.read_mark()
            rules = self._fallback.rules.current
            unchanged = self._kept.since(None if mark is None else (mark, self._fallback.restricted, rules))
            if (kept := unchanged.get((user_id, limit))) is not None:
                return kept
            answer = await self._answer_live(user_id, limit, mark)
        except DatabaseUnavailableError:
            return self._answer_locally(user_id, limit)
        except UNREADABLE:
            logger.exception("homepage answered locally: what was read is not what the tables hold")
            return self._answer_locally(user_id, limit)
        is_somebody = user_id is not None and answer.nickname != NOBODY
        if mark is not None and not answer.depends_on_time and (is_somebody or user_id is None):
            unchanged[user_id, limit] = answer  # never by a made-up id, which could push out all others
        if user_id is not None and is_somebody:
            self._fallback.remember_page(user_id, answer)
        return answer

    async def _answer_live(self, user_id: int | None, limit: int, mark: tuple[int, int] | None) -> HomeAnswer:
        products = self._products.since(None if mark is None else mark[0])
        request, ranked_products = await self._databases.within_deadline(self._read_page(user_id, limit, products))
        head, profile = request.published.head, request.profile
        version, variant = head.model_version if head else "", request.variant
        if ranked_products is None and user_id is not None:
            ranked = await self._model_server.rank(user_id)
            ranked_products = await self._databases.within_deadline(self._fill_page(request, ranked, products))
            if ranked and any(each.rung == "model" for each in ranked_products):
                version, variant = ranked.model_version, None
        depends_on_time = request.has_coupons or request.asks_model or request.ordered_lately
        nickname = profile.nickname if profile else NOBODY
        provenance = (nickname, head, version, variant)
        return pack_answer(
            ranked_products or [], *provenance, depends_on_time=depends_on_time, exclusions=request.exclusions
        )

    async def _read_page(
        self, user_id: int | None, limit: int, products: LivePage
    ) -> tuple[HomeRequest, list[RankedProduct] | None]:
        """Read the pointer and, unless the model server should be asked first, the whole page."""
        variant = self._rules.experiment.assign(user_id)
        wanted = ListRequest(user_id, pointer_of(variant))
        published, profile = await self._read_user(wanted)
        if published.head is None and variant is not None:  # the second alias has no lists yet: nothing is compared
            variant, wanted = None, ListRequest(user_id)
            published = (await self._lists.load((wanted,)))[wanted]
        if profile is None:  # a list of a user whom the shop has no more
            published = UserList(published.head)
        request = HomeRequest(user_id, limit, published, profile, variant)
        if published.may_have_choices:
            request = request._replace(exclusions=await load_exclusions(self._databases, user_id))
        if request.asks_model:
            return request, None
        return request, await self._fill_page(request, None, products)

    async def _read_user(self, wanted: ListRequest) -> tuple[UserList, Profile | None]:
        """Read what is published for a user, and at the same time what the shop knows of them."""
        if wanted.user_id is None:
            return (await self._lists.load((wanted,)))[wanted], None
        lists, profiles = self._lists.ask((wanted,)), self._profiles.ask((wanted.user_id,))
        published, known = await wait_for_both(lists, profiles)
        return published[wanted], known.get(wanted.user_id)

    async def _fill_page(
        self, request: HomeRequest, ranked: ModelList | None, products: LivePage
    ) -> list[RankedProduct]:
        """Climb down all rungs that need no other service than the databases."""
        entries, exclusions = request.published.entries, request.exclusions
        without = await self._fetch_just_bought(request)
        restricted = await self._fallback.load_restricted(self._databases)
        rules, load = self._fallback.rules.current, exclusions.sift(products.load)
        ladder = Ladder(request.limit, load, without, self._rules.category_share, restricted, rules=rules)
        listed: Iterable[StoredEntry] = exclusions.keep(keep_usable(entries or []))
        if rules.has_pins:
            listed = list(listed)
            ladder.pin(listed or (ranked.entries if ranked else []))
        if request.has_coupons and entries and request.user_id is not None:
            listed = whole = list(listed)  # a coupon may speak for any of it
            coupons = await self._shop.read(fetch_held_coupons, request.user_id)
            await ladder.lift(whole, partial(_has_coupon, coupons))
        await ladder.step("published", listed)
        await ladder.step("model", exclusions.keep(ranked.entries if ranked else []))
        if ladder.missing:
            await self._step_down(request, ladder)
        await ladder.finish()
        await self._take_any(request, ladder)
        return ladder.ranked_products

    async def _step_down(self, request: HomeRequest, ladder: Ladder) -> None:
        """Go on with the rungs that all shoppers share, as far as the head's rule allows."""
        head, user_id = request.published.head, request.user_id
        shared = await self._platform.read(self._cache.get, head) if head else SharedLists()
        if user_id is not None and request.profile is not None:
            favourites = await self._shop.read(fetch_favourite_categories, user_id)
            await ladder.step("categories", shared.of_categories(favourites))
        await ladder.step("popular", shared.popular)
        await ladder.step("newest", shared.newest)
        await self._take_any(request, ladder)

    async def _take_any(self, request: HomeRequest, ladder: Ladder) -> None:
        """Fill up with whatever can be sold; where one read brought variants of few things, another one follows."""
        while ladder.missing:
            conditions = [*ladder.conditions, *request.exclusions.list_conditions()]
            without = (ladder.met, ladder.full_categories, ladder.families, conditions)
            others = await self._shop.read(fetch_any_sellable, request.limit, *without)
            if not others:
                return
            ladder.take("catalogue", others, "new")

    async def _fetch_just_bought(self, request: HomeRequest) -> set[int]:
        """Find what stays off the page; most users have not ordered lately, which the context already says."""
        if request.user_id is None or not request.ordered_lately:
            return set()
        return await self._shop.read(fetch_just_bought, request.user_id, self._rules.recent_hours)

    def _answer_locally(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Answer without the databases; the page says so in its rungs, and still comes from one batch."""
        page, copy = self._fallback.recall_page(user_id), self._fallback.copy
        exclusions = page.exclusions if page else NOTHING_EXCLUDED
        if page and copy.products and page.num_products < limit and page.head != copy.head:
            page = None
        ranked_products = self._fallback.fill_page(page.ranked_products if page else [], limit, exclusions)
        head = page.head if page else copy.head
        return pack_answer(ranked_products, page.nickname if page else NOBODY, head, head.model_version if head else "")


def _has_coupon(coupons: list[HeldCoupon], product_id: int, category_id: int) -> bool:
    """Return whether a coupon speaks for a product; one for the whole shop speaks for none."""
    return any(coupon.is_specific and coupon.covers(product_id, category_id) for coupon in coupons)
