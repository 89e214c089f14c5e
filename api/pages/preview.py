"""Preview of homepages: as they are, as a compared alias would make them, and with a rule that is only tried out."""

from dataclasses import dataclass, replace

from api.pages.answer import HomeAnswer
from api.pages.experiment import CHAMPION, Experiment
from api.pages.explain import explain, read_evidence
from api.pages.fallback import FallbackCache
from api.pages.home import HomePage
from api.pages.rules_admin import to_rule
from api.pages.sources import PageSources
from api.schemas.rules import Preview, PreviewedPage, PreviewRequest, RuleDraft


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
        compared = None
        if self._compared_alias:
            answer = await self._answer(request, OneVariant(self._compared_alias))
            compared = await self._explain(answer, request) if answer.variant == self._compared_alias else None
        now = await self._explain(await self._answer(request, OneVariant(CHAMPION)), request)
        return Preview(now=now, compared=compared, tried=request.rule and await self._try_out(request, request.rule))

    async def _try_out(self, request: PreviewRequest, draft: RuleDraft) -> PreviewedPage:
        rules = self._fallback.rules
        rule = await rules.resolve(self._databases.shop, to_rule(draft, request.rule_id or 0))
        answer = await self._answer(request, OneVariant(CHAMPION), self._fallback.with_rules(rules.with_rule(rule)))
        return await self._explain(answer, request)

    async def _answer(
        self, request: PreviewRequest, variant: Experiment, fallback: FallbackCache | None = None
    ) -> HomeAnswer:
        view = fallback or self._fallback.with_rules(self._fallback.rules.current)
        rules = replace(self._sources.rules, experiment=variant)
        page = HomePage(replace(self._sources, fallback=view, rules=rules))
        return await page.answer(request.user_id, request.limit)

    async def _explain(self, answer: HomeAnswer, request: PreviewRequest) -> PreviewedPage:
        page = explain(answer, await read_evidence(self._databases, answer, request.user_id))
        return PreviewedPage(
            user_nickname=page.user_nickname,
            recommendations=page.recommendations,
            batch_id=answer.head.batch_id if answer.head else None,
            model_version=answer.model_version,
            rungs=answer.rungs,
        )
