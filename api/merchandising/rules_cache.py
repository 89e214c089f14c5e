"""Cache of the merchant's rules: read when they change, with the products that they mean.

Whether they changed is one number, looked at every second; which products they mean is read again every half minute,
since products come and go. While a database fails, the rules that were read last hold; pages never wait for them.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import Connection

from api.db.databases import Databases
from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.db.refusals import LastTrouble
from api.merchandising.rules import NO_RULES, PIN_CHOICES, AppliedRules, ResolvedRule
from api.queries.catalogue import SellableProduct
from api.queries.rules import (
    MEMBERS_AT_ONCE,
    Rule,
    fetch_members,
    fetch_newest_members,
    fetch_rules,
    fetch_rules_version,
)

VERSION_SECONDS = 1.0
FIRST_SECONDS = 0.2
"""Pause before the next look as long as no rules were read."""

MEMBERS_SECONDS = 30.0
PAUSE_SECONDS = 0.001
"""Members are read in pieces, with room for pages between them."""

logger = logging.getLogger(__name__)


class RulesCache:
    """The rules that hold now."""

    def __init__(self, list_best: Callable[[], Sequence[SellableProduct]] = lambda: ()):
        """Know no rule yet.

        Args:
            list_best: gives everybody's products, best first, among which a pin finds its own.
        """
        self._list_best = list_best
        self._version: int | None = None
        self._resolved: list[ResolvedRule] = []
        self._applied = NO_RULES
        self._holds_until: datetime | None = None
        self._lock = asyncio.Lock()

    @classmethod
    def fixed(cls, applied: AppliedRules) -> Self:
        """Make a cache of rules that stay: those of a page that is only tried out."""
        cache = cls()
        cache._applied = applied
        return cache

    @property
    def current(self) -> AppliedRules:
        """The rules that hold now, of those that were read last; one that begins or ends makes them others."""
        if self._holds_until is not None and datetime.now(UTC) >= self._holds_until:
            self._apply(datetime.now(UTC))
        return self._applied

    async def renew(self, databases: Databases) -> None:
        """Read all rules, and which products they mean.

        Raises:
            DatabaseUnavailableError: a database fails or is too slow; the rules that were read last hold.
        """
        async with self._lock:
            version, rules = await databases.platform.read(_read_rules, datetime.now(UTC))
            resolved = [await self.resolve(databases.shop, rule) for rule in rules]
            is_changed = resolved != self._resolved
            self._version, self._resolved = version, resolved
            if is_changed:  # else pages that were made by the present ones would be made anew
                self._apply(datetime.now(UTC))

    async def resolve(self, shop: DatabaseReader, rule: Rule) -> ResolvedRule:
        """Find the products that a rule means.

        Raises:
            DatabaseUnavailableError: the shop's database fails or is too slow.
        """
        found = ResolvedRule(rule, await _read_members(shop, rule))
        if rule.action != "pin":
            return found
        best = (each.product_id for each in self._list_best() if found.covers(each.product_id, each.category_id))
        newest = await shop.read(fetch_newest_members, rule, PIN_CHOICES)
        return ResolvedRule(rule, found.product_ids, list(dict.fromkeys([*best, *newest]))[:PIN_CHOICES])

    def with_rule(self, tried: ResolvedRule) -> AppliedRules:
        """Return the rules that hold now with one that is tried out, in place of the one with its id."""
        now, rule_id = datetime.now(UTC), tried.rule.rule_id
        others = [each for each in self._resolved if each.rule.holds(now) and each.rule.rule_id != rule_id]
        return AppliedRules([*others, tried])

    async def keep_fresh(self, databases: Databases) -> None:
        """Look for changed rules again and again."""
        trouble, num_looks = LastTrouble(), 0
        while True:
            await asyncio.sleep(FIRST_SECONDS if self._version is None else VERSION_SECONDS)
            num_looks += 1
            try:
                version = await databases.platform.read(fetch_rules_version)
                is_old = bool(self._resolved) and num_looks % (MEMBERS_SECONDS // VERSION_SECONDS) == 0
                if version != self._version or is_old:
                    await self.renew(databases)
                trouble.end()
            except DatabaseUnavailableError as err:
                if trouble.is_new(str(err)):
                    logger.info("rules stay as they were read last reason=%r", str(err))
            except Exception as err:  # our own mistake: an ended task would let rules age unseen
                if trouble.is_new(repr(err)):
                    logger.exception("rules not renewed")

    def _apply(self, now: datetime) -> None:
        """Choose the rules that hold now, and find out how long they do."""
        instants = [each.rule.starts_at for each in self._resolved] + [each.rule.ends_at for each in self._resolved]
        self._holds_until = min((each for each in instants if each is not None and each > now), default=None)
        self._applied = AppliedRules(each for each in self._resolved if each.rule.holds(now))


def _read_rules(connection: Connection, now: datetime) -> tuple[int, list[Rule]]:
    """Read the version first: a rule that is written meanwhile is found by the next look."""
    return fetch_rules_version(connection), fetch_rules(connection, after=now)


async def _read_members(shop: DatabaseReader, rule: Rule) -> frozenset[int]:
    if rule.target_kind == "category":
        return frozenset()
    members: list[int] = []
    while True:
        page = await shop.read(fetch_members, rule, members[-1] if members else -1)
        members += page
        if len(page) < MEMBERS_AT_ONCE:
            return frozenset(members)
        await asyncio.sleep(PAUSE_SECONDS)
