import asyncio
import time

import pytest

from api.db.deadline import Deadline


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
