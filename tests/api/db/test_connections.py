"""Reads of a real MySQL server that the event loop waits on itself."""

import asyncio
import time

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

import api.db.connections
from api.db.connections import LoopConnections
from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.db.writer import DatabaseWriter
from shop.database import open_engine, open_loop_engine
from tests.api.conftest import run_on_loop
from tests.support.database_servers import DatabaseServer


async def ask_twice(connections: LoopConnections) -> tuple[int, int]:
    return await connections.run(fetch_id), await connections.run(fetch_id)


def fetch_id(connection: Connection) -> int:
    return int(connection.execute(text("SELECT CONNECTION_ID()")).scalar_one())


def sleep_long(connection: Connection) -> None:
    connection.execute(text("SELECT SLEEP(100)"))


def test_a_connection_is_used_again(any_server_url: str) -> None:
    first, second = run_on_loop(any_server_url, ask_twice)
    assert first == second


def test_who_is_cancelled_while_connecting_ends_at_whatever_moment(any_server_url: str) -> None:
    async def cancel_at_each_turn(_: LoopConnections) -> list[bool]:
        ended = []
        for num_turns in range(1, 16):
            connections = LoopConnections(open_loop_engine(any_server_url))
            task = asyncio.create_task(connections.run(fetch_id))
            for _turn in range(num_turns):
                await asyncio.sleep(0)
            time.sleep(0.003)  # noqa: ASYNC251 - what the loop waits for is there at its next turn
            task.cancel()
            await asyncio.wait([task])
            ended.append(task.cancelled())
            connections.close()
        return ended

    assert all(run_on_loop(any_server_url, cancel_at_each_turn))


def test_a_connection_that_is_used_again_sees_what_was_committed_in_between(any_server_url: str) -> None:
    def count(connection: Connection) -> int:
        return int(connection.execute(text("SELECT COUNT(*) FROM notes")).scalar_one())

    async def count_around_a_write(connections: LoopConnections) -> tuple[int, int]:
        before = await connections.run(count)
        with writer.begin() as connection:
            connection.execute(text("INSERT INTO notes VALUES (1)"))
        return before, await connections.run(count)

    writer = open_engine(any_server_url)
    with writer.begin() as connection:
        connection.execute(text("CREATE TABLE notes (note INT)"))
    assert run_on_loop(any_server_url, count_around_a_write) == (0, 1)
    writer.dispose()


def test_the_loop_goes_on_while_mysql_reads(any_server_url: str) -> None:
    async def ask_and_look_around(connections: LoopConnections) -> str:
        waiting = asyncio.create_task(connections.run(sleep_long))
        await connections.run(fetch_id)
        state = "still reading" if not waiting.done() else "blocked"
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return state

    assert run_on_loop(any_server_url, ask_and_look_around) == "still reading"


def test_nobody_gets_the_answer_of_a_caller_that_gave_up(any_server_url: str) -> None:
    async def give_up_and_ask(connections: LoopConnections) -> tuple[int, int]:
        before = await connections.run(fetch_id)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await connections.run(sleep_long)
        return before, await connections.run(fetch_id)

    before, after = run_on_loop(any_server_url, give_up_and_ask)
    assert before != after


def test_a_connection_that_was_idle_for_long_is_not_trusted(
    any_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.db.connections, "MOST_IDLE_SECONDS", 0.0)

    first, second = run_on_loop(any_server_url, ask_twice)
    assert first != second


def test_however_many_ask_few_connections_are_opened(any_server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.db.connections, "MOST_CONNECTIONS", 3)

    async def ask_together(connections: LoopConnections) -> set[int]:
        return set(await asyncio.gather(*(connections.run(fetch_id) for _ in range(40))))

    assert len(run_on_loop(any_server_url, ask_together)) <= 3


def test_writes_are_refused_and_time_is_utc(any_server_url: str) -> None:
    async def try_it(connections: LoopConnections) -> str:
        zone = await connections.run(lambda connection: connection.execute(text("SELECT @@time_zone")).scalar_one())
        with pytest.raises(SQLAlchemyError, match="READ ONLY"):
            await connections.run(lambda connection: connection.execute(text("CREATE TABLE t (a INT)")))
        return str(zone)

    assert run_on_loop(any_server_url, try_it) == "+00:00"


def test_a_read_that_the_server_refuses_is_named_with_what_to_do(any_server_url: str) -> None:
    async def ask() -> str:
        reader = DatabaseReader("shop", LoopConnections(open_loop_engine(any_server_url)), 60)
        with pytest.raises(DatabaseUnavailableError) as caught:
            await reader.read(lambda connection: connection.execute(text("SELECT secret FROM gone")))
        reader.close()
        return str(caught.value)

    said = asyncio.run(ask())

    assert said.startswith("refuses with error 1146: Bring the schema up to date")
    assert "secret" not in said


def test_a_write_that_the_server_refuses_is_named_and_logged(
    any_server_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    writer = DatabaseWriter("shop", open_engine(any_server_url), 60)

    def write(engine: Engine) -> None:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM mysql.user"))

    with pytest.raises(DatabaseUnavailableError, match="refuses with error 1142: GRANT"):
        asyncio.run(writer.write(write))

    writer.close()
    assert "error 1142, DELETE command denied" in caplog.text


def test_a_connection_that_the_server_dropped_costs_no_read(any_server: DatabaseServer, any_server_url: str) -> None:
    def nap(connection: Connection) -> int:
        connection.execute(text("SELECT SLEEP(0.3)"))
        return fetch_id(connection)

    async def drop_all_and_ask(connections: LoopConnections) -> tuple[set[int], int]:
        dropped = set(await asyncio.gather(*(connections.run(nap) for _ in range(3))))
        any_server.execute(*(f"KILL {each}" for each in dropped))
        return dropped, await connections.run(fetch_id)

    dropped, used = run_on_loop(any_server_url, drop_all_and_ask)
    assert len(dropped) == 3
    assert used not in dropped


def test_a_connection_that_is_lost_while_it_reads_is_not_asked_again_for_ever(
    any_server: DatabaseServer, any_server_url: str
) -> None:
    asked = []

    def end_itself(connection: Connection) -> None:
        asked.append(fetch_id(connection))
        any_server.execute(f"KILL {asked[-1]}")
        fetch_id(connection)

    async def ask(connections: LoopConnections) -> None:
        await connections.run(fetch_id)
        with pytest.raises(SQLAlchemyError):
            await connections.run(end_itself)

    run_on_loop(any_server_url, ask)
    assert len(asked) == len(set(asked)) == 2
