import asyncio
import time

import pytest

from api.db.deadline import SAMPLE_SECONDS, Deadline, OwnTime


async def answer_after(seconds: float, deadline: float, busy: float = 0.0) -> str:
    """Wait for an answer under a deadline while the loop itself is busy for a time."""
    async with Deadline(deadline):
        if busy:
            asyncio.get_running_loop().call_soon(time.sleep, busy)
        await asyncio.sleep(seconds)
    return "answered"


def test_who_does_not_answer_in_time_is_not_waited_for() -> None:
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        asyncio.run(answer_after(60, deadline=0.05))

    assert time.monotonic() - began < 30


def test_an_answer_that_came_while_the_loop_was_busy_counts() -> None:
    assert asyncio.run(answer_after(0.3, deadline=0.2, busy=1.0)) == "answered"


def test_a_busy_loop_does_not_make_anybody_wait_for_ever() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(answer_after(60, deadline=0.05, busy=0.5))


async def answer_beside_work(seconds: float, deadline: float) -> str:
    """Wait for an answer while the loop works in short pieces, and so is never late by much."""

    async def work() -> None:
        while True:
            until = time.monotonic() + 0.01
            while time.monotonic() < until:
                pass
            await asyncio.sleep(0)

    working = asyncio.create_task(work())
    try:
        async with Deadline(deadline):
            await asyncio.sleep(seconds)
        return "answered"
    finally:
        working.cancel()


def test_time_that_the_loop_worked_for_others_does_not_count() -> None:
    assert asyncio.run(answer_beside_work(0.5, deadline=0.3)) == "answered"
    with pytest.raises(TimeoutError):
        asyncio.run(answer_beside_work(60, deadline=0.05))


def test_where_the_system_does_not_tell_who_waited_work_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.db.deadline.STATISTICS", "/nowhere")
    own = OwnTime()
    before = own.read()

    while time.thread_time() - before < 10 * SAMPLE_SECONDS:
        pass

    assert own.read() >= before + 5 * SAMPLE_SECONDS
