"""What a page knows of its shopper before it is filled: the published list, the profile, the arm of a comparison."""

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from api.db.coalescing import CoalescedReads
from api.db.databases import Databases, wait_for_both
from api.db.statements import Asked, Rows, Script
from api.pages.exclusions import NOTHING_EXCLUDED, Exclusions, RememberedExclusions, load_exclusions
from api.pages.experiment import Experiment, pointer_of
from api.pages.known_changes import KnownChanges, Seen
from api.pages.shelf_order import OrderRules
from api.queries.coupons import CouponTargets
from api.queries.profiles import Profile, fetch_profiles
from api.queries.published import BatchHead, ListRequest, UserList, fetch_lists

LONGEST_AGO = timedelta(days=28)
"""Orders that are older than this are never recent, however old the batch is."""


@dataclass(frozen=True)
class PageRules:
    """What an installation may choose about its pages.

    Attributes:
        category_share: most of the first 20 slots that one category may have.
        repeat_share: most of them that earlier purchases may have.
        new_weight: how many earlier purchases a first one is worth, for fitting that share to the shopper.
        recent_hours: an order is recent for at least so long.
        experiment: a second alias whose lists some shoppers see.
        order: of the page of shelves.
    """

    category_share: float = 0.4
    repeat_share: float = 0.9
    new_weight: float = 2.0
    recent_hours: float = 12.0
    experiment: Experiment = field(default_factory=Experiment)
    order: OrderRules = field(default_factory=OrderRules)


class PageShopper(NamedTuple):
    """Who asks for a page.

    Attributes:
        user_id: the shopper; `None` when logged out.
        published: what the pointed batch holds for the shopper.
        profile: what the shop knows of the shopper; `None` if it has no such user.
        variant: the alias whose lists the shopper sees in a running comparison; `None` outside of one.
        since: orders after this instant are recent.
        seen: how much of what changes in the catalogue was seen by the read; `None` where nothing notes it.
        exclusions: what the shopper wants left out.
    """

    user_id: int | None
    published: UserList
    profile: Profile | None
    variant: str | None
    since: datetime
    seen: Seen | None = None
    exclusions: Exclusions = NOTHING_EXCLUDED

    @property
    def asks_model(self) -> bool:
        """Whether the model server may rank for the user: one whom the shop knows and the batch lacks."""
        return self.published.stored is None and self.profile is not None

    @property
    def needs_model(self) -> bool:
        """Whether to ask the model server: the batch has no list, or none that knows the last orders."""
        return self.asks_model or self.ordered_lately

    @property
    def has_coupons(self) -> bool:
        """Whether the user holds coupons that may be valid."""
        return self.profile is not None and self.profile.has_coupons

    @property
    def coupon_targets(self) -> CouponTargets | None:
        """What the user's coupons are for, but those for the whole shop."""
        return None if self.profile is None else self.profile.coupon_targets

    @property
    def ordered_lately(self) -> bool:
        """Whether the user ordered something that may still keep off the page."""
        return self.profile is not None and self.profile.ordered_lately


class _Known(NamedTuple):
    """What the shop knows of a user, and what was seen of its changes by the same read."""

    profile: Profile | None
    seen: Seen | None


class ShopperReader:
    """Reads of shoppers what every page begins with, in one round that several pages share."""

    def __init__(
        self,
        databases: Databases,
        rules: PageRules,
        remembered: RememberedExclusions,
        get_head: Callable[[], BatchHead | None],
        changes: KnownChanges,
    ):
        """Read nothing yet.

        Args:
            databases: the shop's and the platform's.
            rules: what the installation chose.
            remembered: learns what shoppers want left out.
            get_head: gives the batch that was shown lately, as far as this process knows.
            changes: of the catalogue, as far as this process knows.
        """
        self._lists: CoalescedReads[ListRequest, UserList] = CoalescedReads(databases.platform, fetch_lists)
        self._profiles: CoalescedReads[int | None, _Known] = CoalescedReads(
            databases.shop, Script(self._fetch_profiles)
        )
        self._databases = databases
        self._rules = rules
        self._recent = timedelta(hours=rules.recent_hours)
        self._remembered = remembered
        self._get_head = get_head
        self._changes = changes

    async def read(self, user_id: int | None) -> PageShopper:
        """Read the pointer, the user's list, and at the same time what the shop knows of the user.

        Args:
            user_id: the shopper; `None` when logged out.

        Raises:
            DatabaseUnavailableError: a database fails or is too slow.
        """
        variant = self._rules.experiment.assign(user_id)
        wanted = ListRequest(user_id, pointer_of(variant))
        published, (profile, seen) = await self._read_both(wanted)
        if published.head is None and variant is not None:  # the second alias has no lists yet: nothing is compared
            variant, wanted = None, ListRequest(user_id)
            published = (await self._lists.load((wanted,)))[wanted]
        if profile is None:  # a list of a user whom the shop has no more
            published = UserList(published.head)
        shopper = PageShopper(user_id, published, profile, variant, self._find_since(), seen)
        if published.has_choices:
            return shopper._replace(exclusions=await load_exclusions(self._databases, user_id, self._remembered))
        if user_id is not None:
            self._remembered.note(user_id, NOTHING_EXCLUDED)
        return shopper

    async def _read_both(self, wanted: ListRequest) -> tuple[UserList, "_Known"]:
        lists, profiles = self._lists.ask((wanted,)), self._profiles.ask((wanted.user_id,))
        published, known = await wait_for_both(lists, profiles)
        return published[wanted], known[wanted.user_id]

    def _fetch_profiles(self, user_ids: Collection[int | None]) -> Generator[Asked, Rows, dict[int | None, "_Known"]]:
        at, named = self._changes.position, [user_id for user_id in user_ids if user_id is not None]
        read = yield from fetch_profiles.steps(named, self._find_since(), at and at.after)
        seen = at and Seen(at.epoch, at.num_before + read.num_changes)
        known: dict[int | None, _Known] = {each: _Known(profile, seen) for each, profile in read.profiles.items()}
        return {user_id: known.get(user_id, _Known(None, seen)) for user_id in user_ids}

    def _find_since(self) -> datetime:
        """Return from when on orders are recent: what the shown batch has not seen, and the last hours."""
        now, head = datetime.now(UTC), self._get_head()
        since = now - self._recent
        return since if head is None else min(since, max(head.as_of, now - LONGEST_AGO))
