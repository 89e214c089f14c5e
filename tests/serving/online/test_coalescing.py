"""Ranking requests that are ranked together."""

import asyncio
import threading
import time
from datetime import UTC, datetime

import pytest

from serving.online.coalescing import MOST_USERS, USERS_AT_ONCE, RankingQueue
from serving.online.schemas import RecommendAnswer, ScoredProduct, UserRecommendations

UNKNOWN = 404


class SlowRanker:
    """A ranker that works when it is let, and notes its calls. Each user's list begins with the user's own number."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.may_go = threading.Event()

    def __call__(self, user_ids: list[int], k: int) -> RecommendAnswer:
        self.calls.append(user_ids)
        assert self.may_go.wait(30)
        known = sorted(set(user_ids) - {UNKNOWN})
        return RecommendAnswer(
            model_version=len(self.calls),
            as_of=datetime(2026, 7, 1, tzinfo=UTC),
            recommendations=[UserRecommendations(user_id=user, products=rank_products(user, k)) for user in known],
            unknown_user_ids=[UNKNOWN] if UNKNOWN in user_ids else [],
        )


def rank_products(user_id: int, k: int) -> list[ScoredProduct]:
    return [ScoredProduct(product_id=user_id + rank, category_id=1, score=0.5, reason="popular") for rank in range(k)]


async def ask_while_busy(ranker: SlowRanker, requests: list[tuple[list[int], int]]) -> list[RecommendAnswer]:
    """Let one request keep the ranker busy, send the others, then let it work."""
    queue = RankingQueue(ranker)
    first = asyncio.create_task(queue.rank([1], 3))
    while not ranker.calls:
        await asyncio.sleep(0.001)
    others = [asyncio.create_task(queue.rank(user_ids, k)) for user_ids, k in requests]
    await asyncio.sleep(0)
    ranker.may_go.set()
    return list(await asyncio.gather(first, *others))


def test_what_waits_is_ranked_in_one_call() -> None:
    ranker = SlowRanker()

    answers = asyncio.run(ask_while_busy(ranker, [([7], 3), ([3, UNKNOWN], 1), ([7], 2)]))

    assert ranker.calls == [[1], [7, 3, UNKNOWN, 7]]
    assert [[each.user_id for each in answer.recommendations] for answer in answers] == [[1], [7], [3], [7]]
    assert [len(answer.recommendations[0].products) for answer in answers] == [3, 3, 1, 2]
    assert [answer.unknown_user_ids for answer in answers] == [[], [], [UNKNOWN], []]


def test_a_call_holds_so_many_users_and_the_rest_come_next() -> None:
    ranker = SlowRanker()
    half = list(range(100, 100 + USERS_AT_ONCE // 2))

    asyncio.run(ask_while_busy(ranker, [(half, 1), (half, 1), ([5], 1)]))

    assert [len(call) for call in ranker.calls] == [1, USERS_AT_ONCE, 1]


def test_the_next_call_begins_while_the_event_loop_is_busy_with_answers() -> None:
    ranker = SlowRanker()

    async def ask() -> None:
        queue = RankingQueue(ranker)
        asked = [asyncio.create_task(queue.rank([user_id], 1)) for user_id in range(2 * USERS_AT_ONCE + 1)]
        while not ranker.calls:
            await asyncio.sleep(0.001)
        ranker.may_go.set()
        until = time.monotonic() + 30
        while sum(map(len, ranker.calls)) < len(asked) and time.monotonic() < until:
            time.sleep(0.001)  # noqa: ASYNC251  # keeps the loop busy
        assert sum(map(len, ranker.calls)) == len(asked)
        await asyncio.gather(*asked)

    asyncio.run(ask())


def test_many_users_are_ranked_by_themselves_and_keep_nobody_waiting() -> None:
    ranker = SlowRanker()
    many, too_many_for_one_call = list(range(MOST_USERS + 1)), list(range(USERS_AT_ONCE + 1))

    asyncio.run(ask_while_busy(ranker, [(many, 1), ([5], 1), (too_many_for_one_call, 1), ([6], 1)]))

    assert sorted(map(len, ranker.calls)) == [1, 1, 1, len(too_many_for_one_call), len(many)]


def test_nobody_gets_the_error_of_another_request_and_the_next_call_works() -> None:
    def fail_for_nine(user_ids: list[int], k: int) -> RecommendAnswer:
        if 9 in user_ids:
            raise ValueError("nine")
        return ranker(user_ids, k)

    async def ask() -> None:
        queue = RankingQueue(fail_for_nine)
        requests = [queue.rank([user_id], 1) for user_id in (1, 9, 5)]
        first, nine, five = await asyncio.gather(*requests, return_exceptions=True)
        assert str(nine) == "nine"
        assert [each.recommendations[0].user_id for each in (first, five)] == [1, 5]
        assert (await queue.rank([5], 1)).recommendations[0].user_id == 5

    ranker = SlowRanker()
    ranker.may_go.set()

    asyncio.run(ask())


def test_other_calls_take_their_turn_and_lists_gather_meanwhile() -> None:
    ranker = SlowRanker()
    ranker.may_go.set()
    may_go, order = threading.Event(), []

    def work(name: str) -> str:
        order.append(name)
        assert may_go.wait(30)
        return name

    async def ask() -> None:
        queue = RankingQueue(ranker)
        busy = asyncio.create_task(queue.call(lambda: work("cart")))
        while not order:
            await asyncio.sleep(0.001)
        lists = [asyncio.create_task(queue.rank([user_id], 1)) for user_id in (1, 2)]
        late = asyncio.create_task(queue.call(lambda: work("cancelled")))
        last = asyncio.create_task(queue.call(lambda: work("last")))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.sleep(0)
        may_go.set()
        assert (await busy, await last) == ("cart", "last")
        await asyncio.gather(*lists)
        queue.close()

    asyncio.run(ask())

    assert order == ["cart", "last"]
    assert ranker.calls == [[1, 2]]


def test_a_client_that_went_away_is_not_ranked_for() -> None:
    ranker = SlowRanker()

    async def ask() -> None:
        queue = RankingQueue(ranker)
        first = asyncio.create_task(queue.rank([1], 1))
        while not ranker.calls:
            await asyncio.sleep(0.001)
        gone = asyncio.create_task(queue.rank([6], 1))
        stays = asyncio.create_task(queue.rank([7], 1))
        await asyncio.sleep(0)
        gone.cancel()
        ranker.may_go.set()
        await asyncio.gather(first, stays)
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(ask())

    assert ranker.calls == [[1], [7]]
