import asyncio
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import closing
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Engine, text

from api.db.coalescing import MOST_CALLERS, MOST_READS, CoalescedReads
from api.db.connections import ThreadConnections
from api.db.reader import DatabaseReader, DatabaseUnavailableError

PATIENT_SECONDS = 180
Result = TypeVar("Result")


class Stock:
    """Reads the stock of some products, and remembers what each read was asked for."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []

    def __call__(self, connection: Connection, product_ids: Collection[int]) -> dict[int, int]:
        self.asked.append(set(product_ids))
        rows = connection.execute(text("SELECT product_id, stock FROM products"))
        return {row.product_id: row.stock for row in rows if row.product_id in product_ids}


@pytest.fixture
def reader(tiny_shop: Engine) -> Iterator[DatabaseReader]:
    """A reader that reads in threads, as on MySQL."""
    with closing(DatabaseReader("shop", ThreadConnections(tiny_shop), PATIENT_SECONDS)) as reader:
        yield reader


def run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    return asyncio.run(work())


def test_who_asks_during_a_read_shares_the_next_one(reader: DatabaseReader) -> None:
    stock = Stock()
    reads = CoalescedReads(reader, stock)

    async def ask() -> list[Any]:
        first = asyncio.create_task(reads.load([1]))
        await asyncio.sleep(0)  # the first read is on its way
        await asyncio.sleep(0)
        return await asyncio.gather(first, *(reads.load([each]) for each in (1, 3, 4, 3)))

    answers = run(ask)

    assert stock.asked == [{1}, {1, 3, 4}]
    assert [found[each] for found, each in zip(answers, (1, 1, 3, 4, 3), strict=True)] == [
        answers[1][each] for each in (1, 1, 3, 4, 3)
    ]


def test_a_read_has_a_limited_number_of_callers(reader: DatabaseReader) -> None:
    stock = Stock()
    reads = CoalescedReads(reader, stock)

    async def ask() -> list[Any]:
        return await asyncio.gather(*(reads.load([each]) for each in range(2 * MOST_CALLERS + 1)))

    asyncio.run(ask())

    callers = list(range(2 * MOST_CALLERS + 1))
    expected = [callers[:MOST_CALLERS], callers[MOST_CALLERS:-1], callers[-1:]]
    assert sorted(map(sorted, stock.asked)) == expected


def test_so_many_reads_are_under_way_and_no_more(reader: DatabaseReader) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def read(_: Connection, keys: Collection[int]) -> dict[int, int]:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.02)
        with lock:
            at_once -= 1
        return dict.fromkeys(keys, 1)

    async def ask() -> list[Any]:
        reads = CoalescedReads(reader, read)
        return await asyncio.gather(*(reads.load([each]) for each in range(6 * MOST_CALLERS)))

    answers = asyncio.run(ask())

    assert most == MOST_READS
    assert all(answers[each][each] for each in range(6 * MOST_CALLERS))


@pytest.mark.parametrize("num_turns", range(16))
def test_nobody_is_forgotten_who_asks_while_a_read_ends(tiny_shop: Engine, num_turns: int) -> None:
    class TurnsOfTheLoop:
        """Reads at the next turn of the loop, so that the second caller asks at each moment of the first read."""

        async def run(self, read: Callable[..., Result], *args: Any) -> Result:
            await asyncio.sleep(0)
            with tiny_shop.connect() as connection:
                return read(connection, *args)

        def close(self) -> None:
            pass

    async def ask_twice() -> list[Any]:
        reads = CoalescedReads(DatabaseReader("shop", TurnsOfTheLoop(), PATIENT_SECONDS), Stock())  # type: ignore[arg-type]
        first = asyncio.create_task(reads.load([1]))
        for _ in range(num_turns):
            await asyncio.sleep(0)
        second = asyncio.create_task(reads.load([3]))
        async with asyncio.timeout(10):
            return [await first, await second]

    first, second = run(ask_twice)

    assert 1 in first
    assert 3 in second


def test_nothing_is_kept_from_one_read_to_the_next(reader: DatabaseReader, tiny_shop: Engine) -> None:
    reads = CoalescedReads(reader, Stock())

    async def ask_twice() -> list[int]:
        before = (await reads.load([1]))[1]
        with tiny_shop.begin() as connection:
            connection.execute(text("UPDATE products SET stock = 77 WHERE product_id = 1"))
        return [before, (await reads.load([1]))[1]]

    before, after = run(ask_twice)

    assert before != after == 77


def test_a_failure_reaches_all_who_wait_and_nobody_after(reader: DatabaseReader, tiny_shop: Engine) -> None:
    reads = CoalescedReads(reader, Stock())

    async def ask_around_a_failure() -> tuple[list[Any], int]:
        with tiny_shop.begin() as connection:
            connection.execute(text("ALTER TABLE products RENAME TO lost"))
        failed = await asyncio.gather(*(reads.load([each]) for each in (1, 3)), return_exceptions=True)
        with tiny_shop.begin() as connection:
            connection.execute(text("ALTER TABLE lost RENAME TO products"))
        return failed, len(await reads.load([1, 3]))

    failed, found = run(ask_around_a_failure)

    assert [type(each) for each in failed] == [DatabaseUnavailableError] * 2
    assert found == 2


def test_who_gives_up_takes_nobody_along(reader: DatabaseReader) -> None:
    reads = CoalescedReads(reader, Stock())

    async def ask_and_leave() -> int:
        leaving, staying = (asyncio.create_task(reads.load([each])) for each in (1, 3))
        await asyncio.sleep(0)
        leaving.cancel()
        return len(await staying)

    assert run(ask_and_leave) >= 1
