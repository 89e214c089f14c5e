"""The homepage: goes down the fallback chain, rung by rung, until the page is full.

published   the user's list of the shown batch
model       the model server's, for a known user whom the batch lacks, and for one who ordered since the batch
categories  popular products of the categories that the user orders from
popular     popular everywhere
newest      newest in the batch
catalogue   whatever can be sold: needs nothing published
local:*     the local fallback, when a database does not answer

Of the first 20 slots earlier purchases have a share at most, and one category. What the user just bought is left out
until it is due again by the user's own interval; so are the departments that the storefront's document restricts, what
the merchant's rules hide, and what the user is not interested in.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.pages.answer import NOBODY, HomeAnswer, Unchanged, pack_answer
from api.pages.exclusions import Exclusions
from api.pages.ladder import Ladder, RankedProduct
from api.pages.live_products import LivePage
from api.pages.personal_list import MODEL, PUBLISHED, PersonalList
from api.pages.repeats import fit_repeat_share
from api.pages.shopper import PageShopper
from api.pages.sources import PageSources
from api.queries.catalogue import fetch_any_sellable
from api.queries.published import SharedLists
from api.queries.purchases import NotDue, fetch_favourite_categories, fetch_not_due
from api.queries.ranked_list import StoredEntry, keep_usable

KEPT_PAGES = 10_000
UNREADABLE = (ArithmeticError, LookupError, TypeError, ValueError)
"""Raised by values that no query expects: what is known to occur is left out one by one, the rest costs the page."""

logger = logging.getLogger(__name__)


class HomePage:
    """Answers for the homepage, whatever fails."""

    def __init__(self, sources: PageSources):
        """Take the dependencies."""
        databases, fallback = sources.databases, sources.fallback
        self._databases = databases
        self._shop, self._platform = databases.shop, databases.platform
        self._shoppers = sources.shoppers
        self._products = sources.products
        self._lists = sources.lists
        self._fallback = fallback
        self._cache = sources.cache
        self._rules = sources.rules
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
            answer = await self._answer_live(user_id, limit)
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

    async def _answer_live(self, user_id: int | None, limit: int) -> HomeAnswer:
        shopper, ranked_products = await self._databases.within_deadline(self._read_page(user_id, limit))
        head, profile = shopper.published.head, shopper.profile
        version, variant = head.model_version if head else "", shopper.variant
        if ranked_products is None:
            listed = await self._lists.find(shopper)
            ranked_products = await self._databases.within_deadline(self._fill_later(shopper, limit, listed))
            if listed.model_version is not None and any(each.rung == MODEL for each in ranked_products):
                version, variant = listed.model_version, None
        depends_on_time = shopper.has_coupons or shopper.needs_model
        nickname = profile.nickname if profile else NOBODY
        provenance = (nickname, head, version, variant)
        return pack_answer(
            ranked_products or [], *provenance, depends_on_time=depends_on_time, exclusions=shopper.exclusions
        )

    async def _read_page(self, user_id: int | None, limit: int) -> tuple[PageShopper, list[RankedProduct] | None]:
        """Read the pointer and, unless the model server should be asked first, the whole page."""
        shopper = await self._shoppers.read(user_id)
        if shopper.needs_model:
            return shopper, None
        listed = PersonalList(PUBLISHED, shopper.published.entries or [])
        return shopper, await self._fill_page(shopper, limit, listed, await self._products.begin(shopper.seen))

    async def _fill_later(self, shopper: PageShopper, limit: int, listed: PersonalList) -> list[RankedProduct]:
        """Fill a page whose list was waited for, with products as they are now."""
        return await self._fill_page(shopper, limit, listed, await self._products.begin_now())

    async def _fill_page(
        self, shopper: PageShopper, limit: int, ranked: PersonalList, products: LivePage
    ) -> list[RankedProduct]:
        """Climb down all rungs that need no other service than the databases."""
        entries = ranked.entries
        ladder = await self._begin(shopper, limit, products, entries)
        usable = keep_usable(entries) if ranked.rung == PUBLISHED else entries
        listed: Iterable[StoredEntry] = shopper.exclusions.keep(usable)
        if (rules := self._fallback.rules.current).has_pins:
            listed = list(listed)
            ladder.pin(rules.list_pins(listed))
        if shopper.coupon_targets is not None:
            listed = whole = list(listed)  # a coupon may speak for any of it
            await ladder.lift(whole, shopper.coupon_targets.cover, ranked.rung)
        await ladder.step(ranked.rung, listed)
        if ladder.missing:
            await self._step_down(shopper, limit, ladder)
        await ladder.finish()
        await take_any(self._shop, ladder, limit, shopper.exclusions)
        return ladder.ranked_products

    async def _begin(
        self, shopper: PageShopper, limit: int, products: LivePage, listed: Sequence[StoredEntry]
    ) -> Ladder:
        """Begin an empty page by the rules; `listed` is what was ranked for the shopper."""
        not_due = await self._fetch_not_due(shopper)
        restricted = await self._fallback.load_restricted(self._databases)
        return Ladder(
            limit,
            shopper.exclusions.sift(products.load),
            without=not_due.products,
            category_share=self._rules.category_share,
            restricted=restricted,
            without_families=not_due.families,
            repeat_share=fit_repeat_share(listed, self._rules.repeat_share, self._rules.new_weight),
            rules=self._fallback.rules.current,
        )

    async def _step_down(self, shopper: PageShopper, limit: int, ladder: Ladder) -> None:
        """Go on with the rungs that all shoppers share, as far as the head's rule allows."""
        head, user_id = shopper.published.head, shopper.user_id
        shared = await self._platform.read(self._cache.get, head) if head else SharedLists()
        if user_id is not None and shopper.profile is not None:
            favourites = await self._shop.read(fetch_favourite_categories, user_id, shopper.exclusions.gifts)
            await ladder.step("categories", shared.of_categories(favourites))
        await ladder.step("popular", shared.popular)
        await ladder.step("newest", shared.newest)
        await take_any(self._shop, ladder, limit, shopper.exclusions)

    async def _fetch_not_due(self, shopper: PageShopper) -> NotDue:
        """Find what stays off the page; most users have not ordered lately, which the profile already says."""
        if shopper.user_id is None or not shopper.ordered_lately:
            return NotDue(set(), set())
        least = timedelta(hours=self._rules.recent_hours)
        gifts = shopper.exclusions.gifts
        return await self._shop.read(fetch_not_due, shopper.user_id, shopper.since, least, gifts)

    def _answer_locally(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Answer without the databases; the page says so in its rungs, and still comes from one batch."""
        page, copy = self._fallback.recall_page(user_id), self._fallback.copy
        exclusions = self._fallback.exclusions.recall(user_id)
        if page and copy.products and page.num_products < limit and page.head != copy.head:
            page = None
        ranked_products = self._fallback.fill_page(page.ranked_products if page else [], limit, exclusions)
        head = page.head if page else copy.head
        return pack_answer(ranked_products, page.nickname if page else NOBODY, head, head.model_version if head else "")


async def take_any(shop: DatabaseReader, ladder: Ladder, limit: int, exclusions: Exclusions) -> None:
    """Fill up with whatever can be sold; where one read brought variants of few things, another one follows."""
    while ladder.missing:
        conditions = [*ladder.conditions, *exclusions.list_conditions()]
        without = (ladder.met, ladder.full_categories, ladder.families, conditions)
        others = await shop.read(fetch_any_sellable, limit, *without)
        if not others:
            return
        ladder.take("catalogue", others, "new")
