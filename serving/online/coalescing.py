"""Queue of ranking: one call at a time, the oldest first, and lists that wait are ranked along with the oldest of them.

Eight users cost the ranker about two thirds of what they do one by one. Nobody waits for company: a request that
arrives alone is ranked at once. Calls share one thread, since two would take each other's core.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from serving.online.schemas import RecommendAnswer

# Users ranked in one call. Of twice as many each costs an eighth less, but all wait for the last, and while their
# answers are written nothing is ranked.
USERS_AT_ONCE = 8
# Users of one request that others may wait for.
MOST_USERS = 32

RankUsers = Callable[[list[int], int], RecommendAnswer]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Waiting:
    """A request that is not ranked yet."""

    user_ids: list[int]
    k: int
    answer: asyncio.Future[RecommendAnswer]


class RankingQueue:
    """Ranks what waits, in the order in which it came. To be used from one event loop."""

    def __init__(self, rank: RankUsers):
        """Begin with nobody waiting.

        Args:
            rank: ranks users, k products each; runs in the queue's thread.
        """
        self._rank = rank
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ranking")
        self._waiting: deque[_Waiting] = deque()

    async def call(self, work: Callable[[], Answer]) -> Answer:
        """Call a function in its turn; not at all if the request is cancelled before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def rank(self, user_ids: list[int], k: int) -> RecommendAnswer:
        """Rank products for users, together with whoever waits.

        Args:
            user_ids: the users. More than `MOST_USERS` are ranked in a thread of their own, so that nobody waits for
                them.
            k: products for each.

        Raises:
            Exception: what the ranker raised for these users.
        """
        if len(user_ids) > MOST_USERS:
            return await asyncio.to_thread(self._rank, user_ids, k)
        loop = asyncio.get_running_loop()
        request = _Waiting(user_ids, k, loop.create_future())
        self._waiting.append(request)
        self._thread.submit(self._rank_next, loop)  # finds nothing to do if an earlier call took the request along
        return await request.answer

    def close(self) -> None:
        """End the thread after the call that it may be in."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _rank_next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Rank what waits, now that the thread is free."""
        if requests := self._take():
            loop.call_soon_threadsafe(_deliver, self._rank_together(requests))

    def _rank_together(self, requests: list[_Waiting]) -> list[tuple[_Waiting, RecommendAnswer | Exception]]:
        """Rank in one call. If that fails, one by one: nobody gets the error of another."""
        user_ids = [user_id for request in requests for user_id in request.user_ids]
        try:
            together = self._rank(user_ids, max(request.k for request in requests))
        except Exception as err:
            if len(requests) == 1:
                return [(requests[0], err)]
            return [(request, self._rank_alone(request)) for request in requests]
        return [(request, pick(together, request.user_ids, request.k)) for request in requests]

    def _rank_alone(self, request: _Waiting) -> RecommendAnswer | Exception:
        try:
            return self._rank(request.user_ids, request.k)
        except Exception as err:
            return err

    def _take(self) -> list[_Waiting]:
        """Take the requests that fit into one call; those who have gone are left out."""
        taken: list[_Waiting] = []
        num_users = 0
        while self._waiting and (not taken or num_users + len(self._waiting[0].user_ids) <= USERS_AT_ONCE):
            request = self._waiting.popleft()
            if not request.answer.done():
                taken.append(request)
                num_users += len(request.user_ids)
        return taken


def _deliver(outcomes: list[tuple[_Waiting, RecommendAnswer | Exception]]) -> None:
    """Answer the requests, in their event loop; those who have gone need none."""
    for request, outcome in outcomes:
        if request.answer.done():
            continue
        if isinstance(outcome, Exception):
            request.answer.set_exception(outcome)
        else:
            request.answer.set_result(outcome)


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
