"""Preview of homepages: as they are, as a compared alias would make them, and with a rule that is only tried out."""

from dataclasses import dataclass, replace

from api.merchandising.rules import AppliedRules
from api.merchandising.rules_admin import to_rule
from api.pages.answer import HomeAnswer
from api.pages.experiment import CHAMPION, Experiment
from api.pages.explain import explain, read_evidence
from api.pages.home import HomePage
from api.pages.sources import PageSources
from api.schemas.rules import HeldBackProduct, HoldingRule, Preview, PreviewedPage, PreviewRequest, RuleDraft


@dataclass(frozen=True)
class OneVariant(Experiment):
    """Shows every shopper the lists of one alias."""

    def assign(self, user_id: int | None) -> str | None:
        """Return the alias, whoever asks."""
        return None if user_id is None else self.alias


class PreviewPages:
    """Answers how a shopper's homepage is and would be. Nothing of it is kept, or shown to the shopper."""

    def __init__(self, sources: PageSources, compared_alias: str):
        """Take the dependencies.

        Args:
            sources: what the shop's own homepages are made from; its fallback holds the rules in force.
            compared_alias: whose lists are published beside the champion's; empty = none.
        """
        self._databases = sources.databases
        self._fallback = sources.fallback
        self._sources = sources
        self._compared_alias = compared_alias

    async def preview(self, request: PreviewRequest) -> Preview:
        """Make the pages.

        Raises:
            DatabaseUnavailableError: a database fails or is too slow.
        """
        current, tried = self._fallback.rules.current, None
        compared = await self._compare(request, current) if self._compared_alias else None
        now = await self._make(request, CHAMPION, current)
        if request.rule is not None:
            tried = await self._make(request, CHAMPION, await self._with_rule(request, request.rule))
        return Preview(now=now, compared=compared, tried=tried)

    async def _with_rule(self, request: PreviewRequest, draft: RuleDraft) -> AppliedRules:
        rules = self._fallback.rules
        return rules.with_rule(await rules.resolve(self._databases.shop, to_rule(draft, request.rule_id or 0)))

    async def _compare(self, request: PreviewRequest, rules: AppliedRules) -> PreviewedPage | None:
        """Make the page of the compared alias; `None` where it has no lists."""
        answer = await self._answer(request, self._compared_alias, rules)
        if answer.variant != self._compared_alias:
            return None
        return await self._make(request, self._compared_alias, rules)

    async def _make(self, request: PreviewRequest, alias: str, rules: AppliedRules) -> PreviewedPage:
        """Make the page of an alias's lists under some rules."""
        answer = await self._answer(request, alias, rules)
        held_back: list[HeldBackProduct] = []
        if rules.holds_back:
            free = (await self._answer(request, alias, rules.without_holds())).ranked_products
            products = [ranked.product for ranked in free]
            shown = [ranked.product for ranked in answer.ranked_products]
            held_back = [
                HeldBackProduct(
                    **products[slot - 1].listed(),
                    slot=slot,
                    rules=[HoldingRule(rule_id=rule_id, action=action) for rule_id, action in marks],
                )
                for slot, marks in rules.find_held_back(products, shown)
            ]
        return await self._explain(answer, request, held_back)

    async def _answer(self, request: PreviewRequest, alias: str, rules: AppliedRules) -> HomeAnswer:
        page_rules = replace(self._sources.rules, experiment=OneVariant(alias))
        view = replace(self._sources, fallback=self._fallback.with_rules(rules), rules=page_rules)
        return await HomePage(view).answer(request.user_id, request.limit)

    async def _explain(
        self, answer: HomeAnswer, request: PreviewRequest, held_back: list[HeldBackProduct]
    ) -> PreviewedPage:
        page = explain(answer, await read_evidence(self._databases, answer, request.user_id))
        return PreviewedPage(
            user_nickname=page.user_nickname,
            recommendations=page.recommendations,
            batch_id=answer.head.batch_id if answer.head else None,
            model_version=answer.model_version,
            rungs=answer.rungs,
            held_back=held_back,
        )
