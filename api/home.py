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

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from api.answer import NOBODY, HomeAnswer
from api.arms import Comparison, pointer_of
from api.catalogue import fetch_any_sellable, fetch_favourite_categories, fetch_sellable
from api.coupons import HeldCoupon, fetch_held_coupons
from api.kept import UnchangedPages
from api.ladder import Ladder, Pick
from api.last_good import LastGood, RememberedPage, fill_from_shelf
from api.published import Entry, Opening, SharedLists, SharedListsCache, fetch_opening
from api.purchases import fetch_just_bought
from api.reader import ShopReader, ShopUnavailableError
from api.recommender import ModelList, Recommender


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
        self._recommender = recommender
        self._last_good = last_good
        self._cache = cache
        self._rules = rules
        self._kept = UnchangedPages()

    async def answer(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Give a full page as long as the shop has enough to sell.

        Args:
            user_id: the shopper; `None` when logged out.
            limit: products wanted.
        """
        try:
            mark = self._reader.read_mark()
            kept = self._kept.find(user_id, limit, mark)
            if kept is not None:
                return kept
            answer = await self._answer_live(user_id, limit)
        except ShopUnavailableError:
            return self._answer_locally(user_id, limit)
        if not answer.depends_on_time:
            self._kept.keep(user_id, limit, mark, answer)
        if user_id is not None and answer.nickname != NOBODY:
            self._last_good.remember_page(user_id, RememberedPage(answer.head, answer.nickname, answer.picks))
        return answer

    async def _answer_live(self, user_id: int | None, limit: int) -> HomeAnswer:
        visit, picks = await self._reader.run(self._read_page, user_id, limit)
        opening = visit.opening
        version, arm = opening.head.model_version if opening.head else "", visit.arm
        if picks is None and user_id is not None:
            ranked = await self._recommender.rank(user_id)
            picks = await self._reader.run(self._fill_page, visit, ranked)
            if ranked and any(pick.rung == "model" for pick in picks):
                version, arm = ranked.model_version, None
        return HomeAnswer(
            nickname=opening.nickname or NOBODY,
            picks=picks or [],
            head=opening.head,
            model_version=version,
            arm=arm,
            depends_on_time=opening.has_coupons or visit.asks_model or self._ordered_lately(opening),
        )

    def _read_page(self, connection: Connection, user_id: int | None, limit: int) -> tuple[Visit, list[Pick] | None]:
        """Read the pointer and, unless the model server should be asked first, the whole page in one go."""
        arm = self._rules.comparison.assign(user_id)
        opening = fetch_opening(connection, user_id, pointer_of(arm))
        if opening.head is None and arm is not None:  # the second alias has no lists yet: nothing is compared
            arm, opening = None, fetch_opening(connection, user_id)
        visit = Visit(user_id, limit, opening, arm)
        if visit.asks_model:
            return visit, None
        return visit, self._fill_page(connection, visit, None)

    def _fill_page(self, connection: Connection, visit: Visit, ranked: ModelList | None) -> list[Pick]:
        """Climb down all rungs that need no other neighbour than the database."""
        opening = visit.opening
        without = self._fetch_just_bought(connection, visit)
        ladder = Ladder(visit.limit, partial(fetch_sellable, connection), without, self._rules.category_share)
        if opening.has_coupons and opening.entries and visit.user_id is not None:
            coupons = fetch_held_coupons(connection, visit.user_id)
            ladder.lift(opening.entries, partial(_has_coupon, coupons))
        ladder.step("published", opening.entries or [])
        ladder.step("model", ranked.entries if ranked else [])
        if ladder.missing:
            self._step_down(connection, visit, ladder)
        ladder.finish()
        if ladder.missing:
            ladder.take("catalogue", fetch_any_sellable(connection, visit.limit, ladder.met), "new")
        return ladder.picks

    def _step_down(self, connection: Connection, visit: Visit, ladder: Ladder) -> None:
        """Go on with the rungs that all shoppers share, as far as the head's rule allows."""
        head, user_id = visit.opening.head, visit.user_id
        shared = self._cache.fetch(connection, head.batch_id) if head else SharedLists()
        if user_id is not None and visit.opening.nickname is not None:
            ladder.step("categories", shared.of_categories(fetch_favourite_categories(connection, user_id)))
        ladder.step("popular", shared.popular)
        ladder.step("newest", shared.newest)
        if ladder.missing:
            others = fetch_any_sellable(connection, visit.limit, ladder.met, ladder.full_categories)
            ladder.take("catalogue", others, "new")

    def _fetch_just_bought(self, connection: Connection, visit: Visit) -> set[int]:
        """Find what stays off the page; most users have not ordered lately, which the opening already says."""
        if visit.user_id is None or not self._ordered_lately(visit.opening):
            return set()
        return fetch_just_bought(connection, visit.user_id, self._rules.recent_hours)

    def _ordered_lately(self, opening: Opening) -> bool:
        last = opening.last_ordered_at
        return last is not None and last >= datetime.now(UTC) - timedelta(hours=self._rules.recent_hours)

    def _answer_locally(self, user_id: int | None, limit: int) -> HomeAnswer:
        """Answer without the database; the page says so in its rungs, and still comes from one batch."""
        page, shelf = self._last_good.recall_page(user_id), self._last_good.shelf
        if page and shelf.products and len(page.picks) < limit and page.head != shelf.head:
            page = None
        picks = fill_from_shelf(page.picks if page else [], shelf, limit)
        head = page.head if page else shelf.head
        return HomeAnswer(page.nickname if page else NOBODY, picks, head, head.model_version if head else "")


def _has_coupon(coupons: list[HeldCoupon], entry: Entry) -> bool:
    """Tell whether a coupon speaks for a product; one for the whole shop speaks for none."""
    return any(coupon.is_specific and coupon.covers(entry.product_id, entry.category_id) for coupon in coupons)
