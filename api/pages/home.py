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

Where nothing tells that nothing has changed (MySQL), each page reads its shopper and what the catalogue noted. If all
of it is what the shopper's last page was made of, that page is given again: only its making is left out.
"""

import logging
from collections.abc import Hashable, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.pages.answer import NOBODY, HomeAnswer, Unchanged, pack_answer
from api.pages.exclusions import Exclusions
from api.pages.ladder import Ladder, RankedProduct
from api.pages.live_products import LivePage, LookedUp
from api.pages.personal_list import MODEL, PUBLISHED, PersonalList
from api.pages.repeats import fit_repeat_share
from api.pages.shopper import PageShopper
from api.pages.sources import PageSources
from api.queries.catalogue import fetch_any_sellable
from api.queries.profiles import Profile
from api.queries.published import BatchHead, SharedLists
from api.queries.purchases import NotDue, fetch_favourite_categories, fetch_not_due
from api.queries.ranked_list import StoredEntry, keep_usable

KEPT_PAGES = 10_000
UNREADABLE = (ArithmeticError, LookupError, TypeError, ValueError)
"""Raised by values that no query expects: what is known to occur is left out one by one, the rest costs the page."""

logger = logging.getLogger(__name__)


class _Read(NamedTuple):
    """What a page's first reads say of its shopper; `list_digest` stands for the list."""

    head: BatchHead | None
    list_digest: int
    profile: Profile | None
    variant: str | None
    exclusions: Exclusions


class _Made(NamedTuple):
    """A page, and all that it was made of but what all pages share."""

    read: _Read
    products: LookedUp
    answer: HomeAnswer


class _Filled(NamedTuple):
    """A page's products, best first, and whether the shopper's own list was enough to fill it."""

    ranked_products: list[RankedProduct]
    is_of_list: bool


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
        self._made: Unchanged[tuple[int | None, int], _Made] = Unchanged(KEPT_PAGES)

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
        shopper, answer = await self._databases.within_deadline(self._read_page(user_id, limit))
        if answer is not None:
            return answer
        listed = await self._lists.find(shopper)
        filled = await self._databases.within_deadline(self._fill_later(shopper, limit, listed))
        return _pack(shopper, filled, listed.model_version)

    async def _read_page(self, user_id: int | None, limit: int) -> tuple[PageShopper, HomeAnswer | None]:
        """Read the pointer and, unless the model server should be asked first, the whole page."""
        shopper = await self._shoppers.read(user_id)
        if shopper.needs_model:
            return shopper, None
        published, products = shopper.published, await self._products.begin(shopper.seen)
        made, wanted = self._made.since(self._name_state(products)), (user_id, limit)
        read = _Read(published.head, published.digest, shopper.profile, shopper.variant, shopper.exclusions)
        if (known := made.get(wanted)) and known.read == read and products.holds(known.products):
            return shopper, known.answer
        filled = await self._fill_page(shopper, limit, PersonalList(PUBLISHED, published.parse()), products)
        answer = _pack(shopper, filled)
        if filled.is_of_list:
            made[wanted] = _Made(read, products.looked_up, answer)
        return shopper, answer

    def _name_state(self, products: LivePage) -> Hashable:
        """Name the state of what all shoppers' pages are made of; `None` where it cannot be told."""
        fallback = self._fallback
        if not products.is_in_memory or fallback.copy.categories is None:
            return None
        return fallback.restricted, fallback.rules.current

    async def _fill_later(self, shopper: PageShopper, limit: int, listed: PersonalList) -> _Filled:
        """Fill a page whose list was waited for, with products as they are now."""
        return await self._fill_page(shopper, limit, listed, await self._products.begin_now())

    async def _fill_page(self, shopper: PageShopper, limit: int, ranked: PersonalList, products: LivePage) -> _Filled:
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
        is_of_list = not ladder.missing
        if ladder.missing:
            await self._step_down(shopper, limit, ladder)
        await ladder.finish()
        await take_any(self._shop, ladder, limit, shopper.exclusions)
        return _Filled(ladder.ranked_products, is_of_list)

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


def _pack(shopper: PageShopper, filled: _Filled, model_version: str | None = None) -> HomeAnswer:
    """Pack a page with where it comes from; `model_version` ranked in the batch's stead, if any of it is shown."""
    head, profile, variant = shopper.published.head, shopper.profile, shopper.variant
    version = head.model_version if head else ""
    if model_version is not None and any(each.rung == MODEL for each in filled.ranked_products):
        version, variant = model_version, None
    nickname, depends_on_time = profile.nickname if profile else NOBODY, shopper.has_coupons or shopper.needs_model
    provenance = (nickname, head, version, variant)
    return pack_answer(
        filled.ranked_products, *provenance, depends_on_time=depends_on_time, exclusions=shopper.exclusions
    )


async def take_any(shop: DatabaseReader, ladder: Ladder, limit: int, exclusions: Exclusions) -> None:
    """Fill up with whatever can be sold; where one read brought variants of few things, another one follows."""
    while ladder.missing:
        conditions = [*ladder.conditions, *exclusions.list_conditions()]
        without = (ladder.met, ladder.full_categories, ladder.families, conditions)
        others = await shop.read(fetch_any_sellable, limit, *without)
        if not others:
            return
        ladder.take("catalogue", others, "new")
