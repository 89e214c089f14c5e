"""Two databases that a page reads together: one deadline for both, and one mark of both."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from api.db.connections import HeldConnection, ThreadConnections
from api.db.databases import Databases, wait_for_both
from api.db.reader import DatabaseReader, DatabaseUnavailableError
from shop.database import open_engine

DEADLINE_SECONDS = 0.2


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two files with a table each."""
    opened = open_engine(f"sqlite:///{tmp_path / 'one.db'}"), open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    for engine in opened:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE counted (number INTEGER)"))
    yield opened
    for engine in opened:
        engine.dispose()


@pytest.mark.parametrize("changed", [0, 1], ids=["shop", "platform"])
def test_a_change_of_either_moves_the_mark(engines: tuple[Engine, Engine], changed: int) -> None:
    shop, platform = (DatabaseReader("a", HeldConnection(open_engine(each.url, read_only=True)), 1) for each in engines)
    with closing(Databases(shop, platform)) as databases:
        before = databases.read_mark()
        unchanged = databases.read_mark()
        with engines[changed].begin() as connection:
            connection.execute(text("INSERT INTO counted VALUES (1)"))
        after = databases.read_mark()

    assert before == unchanged
    assert before is not None
    assert after is not None
    assert [one != other for one, other in zip(before, after, strict=True)] == [changed == 0, changed == 1]


def test_reads_of_both_have_one_deadline_together(engines: tuple[Engine, Engine]) -> None:
    def dawdle(_: Connection) -> None:
        time.sleep(0.75 * DEADLINE_SECONDS)

    async def read_one_after_the_other() -> None:
        readers = (DatabaseReader("a", ThreadConnections(each), DEADLINE_SECONDS) for each in engines)
        with closing(Databases(*readers)) as databases:

            async def read() -> None:
                for _ in range(20):
                    await databases.shop.read(dawdle)
                    await databases.platform.read(dawdle)

            with pytest.raises(DatabaseUnavailableError, match="no answer within 200 ms"):
                await databases.within_deadline(read())

    began = time.monotonic()
    asyncio.run(read_one_after_the_other())

    assert time.monotonic() - began < 20 * DEADLINE_SECONDS


def test_a_failure_of_one_ends_the_wait_for_both() -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()
        failing, never = loop.create_future(), loop.create_future()
        loop.call_soon(failing.set_exception, DatabaseUnavailableError("gone"))
        await wait_for_both(never, failing)

    with pytest.raises(DatabaseUnavailableError, match="gone"):
        asyncio.run(wait())


def test_answers_that_are_there_cost_no_turn_of_the_loop() -> None:
    async def wait() -> tuple[int, str]:
        loop = asyncio.get_running_loop()
        first, second = loop.create_future(), loop.create_future()
        first.set_result(1)
        second.set_result("two")
        waiting = wait_for_both(first, second)
        with pytest.raises(StopIteration) as ended:  # a coroutine that never suspends
            waiting.send(None)
        found: tuple[int, str] = ended.value.value
        return found

    assert asyncio.run(wait()) == (1, "two")
