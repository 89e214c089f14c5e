"""Only a few requests begin in each turn of the event loop, in the order in which they came."""

import asyncio

from api.web.turns import MOST_IN_A_TURN, Turns

CROWD = 3 * MOST_IN_A_TURN + 1


async def begin(turns: Turns, number: int, begun: list[int]) -> None:
    """Note a request as soon as it may begin."""
    await turns.wait()
    begun.append(number)


def test_a_crowd_begins_over_several_turns_first_come_first_served() -> None:
    async def crowd() -> tuple[list[int], list[int]]:
        turns, begun, in_a_turn = Turns(), list[int](), list[int]()
        async with asyncio.TaskGroup() as tasks:
            for number in range(CROWD):
                tasks.create_task(begin(turns, number, begun))
            while len(begun) < CROWD:
                before = len(begun)
                await asyncio.sleep(0)
                in_a_turn.append(len(begun) - before)
        return begun, in_a_turn

    begun, in_a_turn = asyncio.run(crowd())

    assert max(in_a_turn) == MOST_IN_A_TURN
    assert begun == list(range(CROWD))


def test_a_few_begin_at_once() -> None:
    async def few() -> tuple[list[int], list[str]]:
        turns, begun, later = Turns(), list[int](), list[str]()
        asyncio.get_running_loop().call_soon(later.append, "another turn")
        for number in range(MOST_IN_A_TURN):
            await begin(turns, number, begun)
        return begun, list(later)

    assert asyncio.run(few()) == (list(range(MOST_IN_A_TURN)), [])


def test_who_gives_up_takes_nobodys_turn() -> None:
    async def some_give_up() -> list[int]:
        turns, begun = Turns(), list[int]()
        tasks = [asyncio.create_task(begin(turns, number, begun)) for number in range(2 * MOST_IN_A_TURN + 1)]
        await asyncio.sleep(0)
        for task in tasks[MOST_IN_A_TURN : 2 * MOST_IN_A_TURN]:
            task.cancel()
        await tasks[-1]
        return begun

    assert asyncio.run(some_give_up()) == [*range(MOST_IN_A_TURN), 2 * MOST_IN_A_TURN]
