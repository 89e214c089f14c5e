"""Preview of homepages: as they are, as a compared alias would make them, and with a rule that is only tried out."""

from collections.abc import Callable
from dataclasses import dataclass

from api.db.databases import Databases
from api.pages.answer import HomeAnswer
from api.pages.experiment import CHAMPION, Experiment
from api.pages.explain import explain, read_evidence
from api.pages.fallback import FallbackCache
from api.pages.home import HomePage
from api.pages.rules_admin import to_rule
from api.schemas.rules import Preview, PreviewedPage, PreviewRequest, RuleDraft


@dataclass(frozen=True)
class OneVariant(Experiment):
    """Shows every shopper the lists of one alias."""

    def assign(self, user_id: int | None) -> str | None:
        """Return the alias, whoever asks."""
        return None if user_id is None else self.alias


MakePage = Callable[[FallbackCache, Experiment], HomePage]
"""Makes homepages by some rules, and with the lists of some alias."""


class PreviewPages:
    """Answers how a shopper's homepage is and would be. Nothing of it is kept, or shown to the shopper."""

    def __init__(self, databases: Databases, fallback: FallbackCache, make_page: MakePage, compared_alias: str):
        """Take the dependencies.

        Args:
            databases: the shop's and the platform's.
            fallback: holds the rules in force.
            make_page: makes homepages as the shop's own are made.
            compared_alias: whose lists are published beside the champion's; empty = none.
        """
        self._databases = databases
        self._fallback = fallback
        self._make_page = make_page
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
        return await self._make_page(view, variant).answer(request.user_id, request.limit)

    async def _explain(self, answer: HomeAnswer, request: PreviewRequest) -> PreviewedPage:
        page = explain(answer, await read_evidence(self._databases, answer, request.user_id))
        return PreviewedPage(
            user_nickname=page.user_nickname,
            recommendations=page.recommendations,
            batch_id=answer.head.batch_id if answer.head else None,
            model_version=answer.model_version,
            rungs=answer.rungs,
        )
