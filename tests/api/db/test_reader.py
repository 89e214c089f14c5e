import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from api.db.connections import ThreadConnections
from api.db.reader import DatabaseReader, DatabaseUnavailableError


def run_reader(engine: Engine, work: Callable[[DatabaseReader], Any], deadline_seconds: float = 0.2) -> Any:
    """Do something with a reader whose reads run in threads, as on a server."""

    async def run() -> Any:
        reader = DatabaseReader("shop", ThreadConnections(engine), deadline_seconds)
        try:
            return await work(reader)
        finally:
            reader.close()

    return asyncio.run(run())


async def open_circuit(reader: DatabaseReader) -> None:
    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError):
            await reader.read(lambda _: time.sleep(0.6))
    assert reader.breaker.is_open


async def wait_until_closed(reader: DatabaseReader) -> None:
    deadline = time.monotonic() + 60
    while reader.breaker.is_open:
        assert time.monotonic() < deadline, "the circuit stayed open"
        with pytest.raises(DatabaseUnavailableError):
            await reader.read(lambda _: 1)
        await asyncio.sleep(0.05)


def test_a_database_that_answers_again_is_read_again_and_no_page_waits_for_the_trial(tiny_shop: Engine) -> None:
    async def work(reader: DatabaseReader) -> int:
        await open_circuit(reader)
        await wait_until_closed(reader)
        return await reader.read(lambda connection: connection.exec_driver_sql("SELECT 7").scalar_one())

    assert run_reader(tiny_shop, work) == 7


def test_the_first_page_after_a_database_came_back_is_answered_though_none_asked_meanwhile(tiny_shop: Engine) -> None:
    async def work(reader: DatabaseReader) -> int:
        await open_circuit(reader)
        deadline = time.monotonic() + 60
        while reader.breaker.is_open:
            assert time.monotonic() < deadline, "the circuit stayed open"
            await asyncio.sleep(0.05)
        return await reader.read(lambda connection: connection.exec_driver_sql("SELECT 7").scalar_one())

    assert run_reader(tiny_shop, work) == 7


def test_a_database_slower_than_the_deadline_is_given_up_to_twice_as_long(
    tiny_shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(reader: DatabaseReader) -> str:
        await open_circuit(reader)
        monkeypatch.setattr("api.db.reader._read_nothing", lambda _: time.sleep(0.5))
        await wait_until_closed(reader)
        return await reader.read(answer_late)

    def answer_late(_connection: Connection) -> str:
        time.sleep(0.45)
        return "late"

    assert run_reader(tiny_shop, work, deadline_seconds=0.4) == "late"
