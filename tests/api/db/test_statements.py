"""Statements that are compiled once, on each database and on each way of reading it."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, bindparam, insert, select, text
from sqlalchemy.util.concurrency import in_greenlet

from api.db.statements import IDS, Asked, Prepared, Rows, Script
from shop.database import open_engine
from tests.api.conftest import run_on_loop

NUM_NOTES = 60
ODD_WORDS = '%s %(ids)s ? "q" \\ 🧀'

notes = Table("notes", MetaData(), Column("note_id", Integer, primary_key=True), Column("words", String(100)))
among = Prepared(
    select(notes.c.note_id, notes.c.words)
    .where(notes.c.words != bindparam("unwanted"), notes.c.note_id.in_(IDS), notes.c.note_id > 1)
    .limit(1000)
)


@Script
def fetch_ids_of_ids(ids: list[int], *, unwanted: str) -> Generator[Asked, Rows, tuple[list[int], bool]]:
    """Read some notes, and by what was found others; tells whether it had a greenlet."""
    found = yield among.ask({"unwanted": "note 3"}, ids)
    if not found:
        return [], in_greenlet()
    others = yield among.ask({"unwanted": unwanted}, [row[0] + 1 for row in found])
    return sorted(row[0] for row in others), in_greenlet()


def write_notes(engine: Engine) -> None:
    notes.metadata.create_all(engine)
    with engine.begin() as connection:
        rows = [{"note_id": each, "words": ODD_WORDS if each == 7 else f"note {each}"} for each in range(1, NUM_NOTES)]
        connection.execute(insert(notes), rows)


def read_on_loop(url: str, read: Callable[[Connection], Any]) -> Any:
    return run_on_loop(url, lambda connections: connections.run(read))


def fetch_ids(connection: Connection, ids: range) -> list[int]:
    return [row[0] for row in among.execute(connection, {"unwanted": "note 3"}, ids)]


def test_each_number_of_ids_gives_exactly_their_rows(any_shop_url: str) -> None:
    engine = open_engine(any_shop_url)
    write_notes(engine)

    with engine.connect() as connection:
        for number in range(NUM_NOTES):
            expected = [each for each in range(2, number) if each != 3]
            assert sorted(fetch_ids(connection, range(number))) == expected
    engine.dispose()


def test_the_loop_reads_the_same_with_few_statements_for_any_number_of_ids(any_server_url: str) -> None:
    engine = open_engine(any_server_url)
    write_notes(engine)
    engine.dispose()

    def read(connection: Connection) -> tuple[list[list[int]], int]:
        found = [sorted(fetch_ids(connection, range(number))) for number in range(1, NUM_NOTES)]
        status = connection.execute(text("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'")).one()
        return found, int(status[1])

    found, num_prepared = read_on_loop(any_server_url, read)

    assert found == [[each for each in range(2, number) if each != 3] for number in range(1, NUM_NOTES)]
    assert 1 < num_prepared < NUM_NOTES / 2


def test_a_script_is_a_reading_function(any_shop_url: str) -> None:
    engine = open_engine(any_shop_url)
    write_notes(engine)

    with engine.connect() as connection:
        assert fetch_ids_of_ids(connection, [2, 3, 4, 9], unwanted="note 5") == ([3, 10], False)
        assert fetch_ids_of_ids(connection, [], unwanted="") == ([], False)
    engine.dispose()


def test_a_script_is_run_by_the_loop_itself(any_server_url: str) -> None:
    engine = open_engine(any_server_url)
    write_notes(engine)
    engine.dispose()

    def read(*arguments: Any, **options: Any) -> Any:
        return run_on_loop(any_server_url, lambda connections: connections.run(*arguments, **options))

    assert read(fetch_ids_of_ids, [2, 3, 4, 9], unwanted="note 5") == ([3, 10], False)
    assert read(lambda connection: fetch_ids_of_ids(connection, [2, 3, 4, 9], unwanted="note 5")) == ([3, 10], True)


@pytest.mark.parametrize("num_ids", [0, 1, 3])
def test_values_arrive_as_they_are(any_server_url: str, num_ids: int) -> None:
    engine = open_engine(any_server_url)
    write_notes(engine)
    engine.dispose()

    rows = read_on_loop(
        any_server_url, lambda connection: among.execute(connection, {"unwanted": ODD_WORDS}, [7] * num_ids)
    )
    wanted = read_on_loop(
        any_server_url, lambda connection: among.execute(connection, {"unwanted": "?"}, [7] * num_ids)
    )

    assert list(rows) == []
    assert list(wanted) == ([(7, ODD_WORDS)] if num_ids else [])


def test_a_table_that_changed_is_read_as_it_is_now(any_server_url: str) -> None:
    engine = open_engine(any_server_url)
    write_notes(engine)

    def read_around_a_change(connection: Connection) -> list[Any]:
        before = among.execute(connection, {"unwanted": ""}, [5])
        with engine.begin() as other:
            other.execute(text("ALTER TABLE notes ADD COLUMN colour VARCHAR(9), MODIFY words VARCHAR(50)"))
            other.execute(text("UPDATE notes SET words = 'new' WHERE note_id = 5"))
        return [*before, *among.execute(connection, {"unwanted": ""}, [5])]

    assert read_on_loop(any_server_url, read_around_a_change) == [(5, "note 5"), (5, "new")]
    engine.dispose()
