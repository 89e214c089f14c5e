"""Coalesces concurrent ranking requests into one call of the ranker.

Sixteen users cost the ranker about five times what one does, so requests that arrive while it is busy are ranked
together when it is free again. Nobody waits for company: a request that arrives alone is ranked at once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from serving.online.schemas import RecommendAnswer

# Users ranked in one call. More would make those wait who arrive meanwhile.
USERS_AT_ONCE = 32

RankUsers = Callable[[list[int], int], RecommendAnswer]


@dataclass(frozen=True)
class _Waiting:
    """A request that is not ranked yet."""

    user_ids: list[int]
    k: int
    answer: asyncio.Future[RecommendAnswer]


class CoalescedRanker:
    """Ranks what waits in one call, one call at a time. To be used from one event loop."""

    def __init__(self, rank: RankUsers):
        """Begin with nobody waiting.

        Args:
            rank: ranks users, k products each; runs in a thread.
        """
        self._rank = rank
        self._waiting: list[_Waiting] = []
        self._calls: asyncio.Task[None] | None = None

    async def rank(self, user_ids: list[int], k: int) -> RecommendAnswer:
        """Rank products for users, together with whoever waits.

        Args:
            user_ids: the users. More than `USERS_AT_ONCE` are ranked by themselves, so that nobody waits for them.
            k: products for each.

        Raises:
            Exception: what the ranker raised; all requests of a call get it.
        """
        if len(user_ids) > USERS_AT_ONCE:
            return await asyncio.to_thread(self._rank, user_ids, k)
        request = _Waiting(user_ids, k, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._calls is None:
            self._calls = asyncio.create_task(self._rank_waiting())
        return await request.answer

    async def _rank_waiting(self) -> None:
        try:
            while requests := self._take():
                await self._answer(requests)
        finally:
            self._calls = None

    def _take(self) -> list[_Waiting]:
        """Take the requests that fit into one call; those whose client has gone are left out."""
        self._waiting = [request for request in self._waiting if not request.answer.done()]
        taken: list[_Waiting] = []
        num_users = 0
        for request in self._waiting:
            num_users += len(request.user_ids)
            if num_users > USERS_AT_ONCE:
                break
            taken.append(request)
        del self._waiting[: len(taken)]
        return taken

    async def _answer(self, requests: list[_Waiting]) -> None:
        user_ids = [user_id for request in requests for user_id in request.user_ids]
        try:
            together = await asyncio.to_thread(self._rank, user_ids, max(request.k for request in requests))
        except Exception as err:
            for request in requests:
                if not request.answer.done():
                    request.answer.set_exception(err)
            return
        for request in requests:
            if not request.answer.done():
                request.answer.set_result(pick(together, request.user_ids, request.k))


def pick(together: RecommendAnswer, user_ids: list[int], k: int) -> RecommendAnswer:
    """Return the part of an answer that some of its users get, as if they had asked alone."""
    wanted = set(user_ids)
    return together.model_copy(
        update={
            "recommendations": [
                each.model_copy(update={"products": each.products[:k]})
                for each in together.recommendations
                if each.user_id in wanted
            ],
            "unknown_user_ids": [each for each in dict.fromkeys(user_ids) if each in together.unknown_user_ids],
        }
    )
