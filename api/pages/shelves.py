"""Shelves: a shopper's page as rows by intent. No product and no family stands twice on it.

Shelves are filled in the order by rule, wherever they stand, so that what is on them does not depend on what shoppers
like. One that finds too little is left out, and what it had is free for the others; the popular one goes down the
shared rungs to whatever can be sold, so that no page is empty.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple

from sqlalchemy import Connection

from api.db.reader import DatabaseUnavailableError
from api.pages.answer import NOBODY, pack_answer
from api.pages.exclusions import Exclusions
from api.pages.explain import ShopperEvidence
from api.pages.home import UNREADABLE, take_any
from api.pages.ladder import Ladder, RankedProduct
from api.pages.live_products import LivePage
from api.pages.personal_list import MODEL, PUBLISHED, PersonalList
from api.pages.shelf_order import ShelfPolicy, find_kind, make_policy
from api.pages.shelf_proposals import (
    BUY_AGAIN,
    NEW_FOR_YOU,
    POPULAR,
    Material,
    Proposal,
    Rung,
    choose_anchors,
    order_shelves,
    propose_shelves,
)
from api.pages.shelf_rules import RulesOfShelves
from api.pages.shopper import PageShopper
from api.pages.sources import PageSources
from api.queries.catalogue import SellableProduct
from api.queries.coupons import HeldCoupon, fetch_held_coupons
from api.queries.published import BatchHead, SharedLists, fetch_neighbour_lists
from api.queries.purchases import Habit, NotDue, fetch_habits, fetch_not_due
from api.queries.ranked_list import BOUGHT_BEFORE, Entry, keep_usable

LEAST_PRODUCTS = 4
"""A shelf of fewer is left out, but for the popular one, and where shorter ones were asked for."""

LOOKED_UP = 2
"""Times a shelf's length that its candidates are looked up at once, before any is known to be sold out or elsewhere."""

REMEMBERED = 40
"""Products of the personal shelves that are kept for when a database does not answer."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FilledShelf:
    """One row of the page.

    Attributes:
        anchor: the purchase that it quotes.
        propensity: share of shoppers like this one who see it where it stands.
    """

    code: str
    ranked_products: list[RankedProduct]
    anchor: SellableProduct | None = None
    propensity: float = 1.0


@dataclass(frozen=True)
class ShelvesAnswer:
    """The page and where it comes from; see `HomeAnswer`. `evidence` is what was read of the shopper on the way."""

    nickname: str
    shelves: list[FilledShelf]
    head: BatchHead | None
    model_version: str
    variant: str | None = None
    evidence: ShopperEvidence = field(default_factory=ShopperEvidence)

    @property
    def ranked_products(self) -> list[RankedProduct]:
        """All products of the page."""
        return [ranked for shelf in self.shelves for ranked in shelf.ranked_products]

    @property
    def rungs(self) -> str:
        """The rungs used, in order, with commas; `none` for an empty page."""
        return ",".join(dict.fromkeys(ranked.rung for ranked in self.ranked_products)) or "none"


class _Purchases(NamedTuple):
    habits: dict[int, Habit]
    coupons: list[HeldCoupon]
    not_due: NotDue


class ShelvesPage:
    """Answers for the page of shelves, whatever fails."""

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

    async def answer(self, user_id: int | None, limit: int) -> ShelvesAnswer:
        """Return the shelves; the popular one is full as long as the shop has enough to sell.

        Args:
            user_id: the shopper; `None` when logged out.
            limit: most products of a shelf.
        """
        try:
            answer = await self._answer_live(user_id, limit)
        except DatabaseUnavailableError:
            return self._answer_locally(user_id, limit)
        except UNREADABLE:
            logger.exception("shelves answered locally: what was read is not what the tables hold")
            return self._answer_locally(user_id, limit)
        if user_id is not None and answer.nickname != NOBODY:
            personal = [ranked for shelf in answer.shelves if shelf.code != POPULAR for ranked in shelf.ranked_products]
            provenance = (answer.nickname, answer.head, answer.model_version)
            self._fallback.remember_page(user_id, pack_answer(personal[:REMEMBERED], *provenance))
        return answer

    async def _answer_live(self, user_id: int | None, limit: int) -> ShelvesAnswer:
        shopper = await self._databases.within_deadline(self._shoppers.read(user_id))
        if shopper.needs_model:
            ranked = await self._lists.find(shopper)
        else:
            ranked = PersonalList(PUBLISHED, list(keep_usable(shopper.published.parse())))
        return await self._databases.within_deadline(self._fill_page(shopper, ranked, limit))

    async def _fill_page(self, shopper: PageShopper, ranked: PersonalList, limit: int) -> ShelvesAnswer:
        """Read what the shelves are made of, and fill them."""
        now, head = datetime.now(UTC), shopper.published.head
        purchases = await self._read_purchases(shopper)
        anchors = choose_anchors(purchases.habits, now)
        shared, lists = await self._read_lists(head, anchors)
        together = {anchor: lists[anchor] for anchor in anchors if anchor in lists}
        listed = Rung(ranked.rung, list(shopper.exclusions.keep(ranked.entries)))
        material = Material(now, listed, purchases.habits, purchases.coupons, together, shared)
        filled = await self._fill_shelves(shopper, propose_shelves(material), purchases.not_due, limit)
        orders = (habit.last_at for habit in purchases.habits.values())
        kind = find_kind(orders, now, is_known=shopper.profile is not None)
        codes = [shelf.code for shelf in filled]
        policy = make_policy(codes, shared.shelf_statistics, kind, self._rules.order, now)
        answer = ShelvesAnswer(
            nickname=shopper.profile.nickname if shopper.profile else NOBODY,
            shelves=_arrange(filled, policy, policy.draw(shopper.user_id, now)),
            head=head,
            model_version=head.model_version if head else "",
            variant=shopper.variant,
            evidence=ShopperEvidence(habits=purchases.habits, coupons=purchases.coupons),
        )
        if ranked.model_version is not None and MODEL in answer.rungs.split(","):
            return replace(answer, model_version=ranked.model_version, variant=None)
        return answer

    async def _read_purchases(self, shopper: PageShopper) -> _Purchases:
        if shopper.user_id is None or shopper.profile is None:
            return _Purchases({}, [], NotDue(set(), set()))
        least = timedelta(hours=self._rules.recent_hours)
        return await self._shop.read(_fetch_purchases, shopper, least)

    async def _read_lists(
        self, head: BatchHead | None, anchors: Sequence[int]
    ) -> tuple[SharedLists, Mapping[int, Sequence[Entry]]]:
        """Read the lists for everybody, which are in memory mostly, and what goes with some purchases."""
        if head is None:
            return SharedLists(), {}
        shared = self._cache.find(head.batch_id)
        if shared is not None and not anchors:
            return shared, {}
        return await self._platform.read(self._fetch_lists, head, anchors)

    def _fetch_lists(
        self, connection: Connection, head: BatchHead, anchors: Sequence[int]
    ) -> tuple[SharedLists, Mapping[int, Sequence[Entry]]]:
        lists = fetch_neighbour_lists(connection, head.batch_id, anchors) if anchors else {}
        return self._cache.get(connection, head), lists

    async def _fill_shelves(
        self, shopper: PageShopper, proposals: Mapping[str, Proposal], not_due: NotDue, limit: int
    ) -> list[FilledShelf]:
        """Fill the shelves in the order by rule."""
        restricted = await self._fallback.load_restricted(self._databases)
        waited = shopper.needs_model
        products = await (self._products.begin_now() if waited else self._products.begin(shopper.seen))
        shelves: list[FilledShelf] = []
        load = shopper.exclusions.sift(products.load)
        shown, families = set(not_due.products), set[int | None](not_due.families)
        rules = RulesOfShelves(self._fallback.rules.current, limit)
        known = await load([*_list_wanted(proposals, limit), *rules.pinned_ids])
        pinned = (product for each in rules.pinned_ids if (product := known.get(each)) is not None)
        rules.reserve(product for product in pinned if product.category_id not in restricted)
        for code in order_shelves(proposals):
            proposal = proposals[code]
            anchor = await _find_anchor(proposal, products, restricted)
            if proposal.anchor is not None and anchor is None:
                continue
            asked = rules.begin(proposal.entries, shows_anything=code == POPULAR)
            left_out = {*families, *asked.families, *({anchor.family_id} if anchor else ())}
            ladder = Ladder(
                limit,
                load,
                without=shown,
                category_share=self._rules.category_share if proposal.is_varied else 1.0,
                restricted=restricted,
                without_families={each for each in left_out if each is not None},
                rules=self._fallback.rules.current,
                page_caps=asked.caps,
            )
            ladder.pin(asked.pins)
            for rung in proposal.rungs:
                await ladder.step(rung.name, rung.entries)
            if code == POPULAR:
                await take_any(self._shop, ladder, limit, shopper.exclusions)
            await ladder.finish()
            if code == POPULAR:
                await self._fill_up(ladder, limit, shopper.exclusions)
            if code == POPULAR or len(ladder.ranked_products) >= min(LEAST_PRODUCTS, limit):
                shelves.append(FilledShelf(code, ladder.ranked_products, anchor))
                rules.keep(asked, ladder.ranked_products)
                shown |= {ranked.product.product_id for ranked in ladder.ranked_products}
                families |= {ranked.product.family_id for ranked in ladder.ranked_products}
        return shelves

    async def _fill_up(self, ladder: Ladder, limit: int, exclusions: Exclusions) -> None:
        """Take whatever can be sold, and last what a cap of the page held back."""
        await take_any(self._shop, ladder, limit, exclusions)
        if ladder.missing:
            await ladder.release_caps()
            await take_any(self._shop, ladder, limit, exclusions)

    def _answer_locally(self, user_id: int | None, limit: int) -> ShelvesAnswer:
        """Answer without the databases: what this process showed the shopper last, and what is popular."""
        page, copy = self._fallback.recall_page(user_id), self._fallback.copy
        remembered = page.ranked_products if page else []
        exclusions = self._fallback.exclusions.recall(user_id)
        known = self._fallback.fill_page(remembered, len(remembered) + limit, exclusions)
        recent = [ranked for ranked in known if ranked.rung == "local:recent"]
        by_code = {
            BUY_AGAIN: [ranked for ranked in recent if ranked.reason == BOUGHT_BEFORE],
            NEW_FOR_YOU: [ranked for ranked in recent if ranked.reason != BOUGHT_BEFORE],
        }
        shelves = [
            FilledShelf(code, ranked[:limit])
            for code, ranked in by_code.items()
            if len(ranked) >= min(LEAST_PRODUCTS, limit)
        ]
        shown = {each.product.product_id for shelf in shelves for each in shelf.ranked_products}
        others = [ranked for ranked in known if ranked.product.product_id not in shown]
        shelves.append(FilledShelf(POPULAR, others[:limit]))
        head = page.head if page else copy.head
        nickname = page.nickname if page else NOBODY
        return ShelvesAnswer(nickname, shelves, head, head.model_version if head else "")


def _arrange(filled: Sequence[FilledShelf], policy: ShelfPolicy, order: Sequence[str]) -> list[FilledShelf]:
    """Put shelves into an order that was drawn from a policy, and note how likely each place was."""
    by_code = {shelf.code: shelf for shelf in filled}
    return [replace(by_code[code], propensity=policy.propensity(code, place)) for place, code in enumerate(order)]


def _fetch_purchases(connection: Connection, shopper: PageShopper, least: timedelta) -> _Purchases:
    """Read what a shopper bought, and what the profile says that there is besides."""
    assert shopper.user_id is not None
    gifts = shopper.exclusions.gifts
    habits = fetch_habits(connection, shopper.user_id, datetime.now(UTC), gifts)
    coupons = fetch_held_coupons(connection, shopper.user_id) if shopper.has_coupons else []
    not_due = NotDue(set(), set())
    if shopper.ordered_lately:
        not_due = fetch_not_due(connection, shopper.user_id, shopper.since, least, gifts)
    return _Purchases(habits, coupons, not_due)


def _list_wanted(proposals: Mapping[str, Proposal], limit: int) -> list[int]:
    """List the products that the shelves will ask for, mostly: they are read at once."""
    anchors = [proposal.anchor for proposal in proposals.values() if proposal.anchor is not None]
    entries = (islice(proposal.entries, LOOKED_UP * limit) for proposal in proposals.values())
    return list(dict.fromkeys([*anchors, *(entry[0] for entry in chain.from_iterable(entries))]))


async def _find_anchor(proposal: Proposal, products: LivePage, restricted: frozenset[int]) -> SellableProduct | None:
    """Find the purchase that a shelf quotes; one that the shop no longer shows or keeps off its pages is not named."""
    if proposal.anchor is None:
        return None
    anchor = (await products.load([proposal.anchor])).get(proposal.anchor)
    return anchor if anchor is not None and anchor.category_id not in restricted else None
