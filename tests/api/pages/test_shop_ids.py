"""Finding of ids: what was read once is kept, what has no number is asked for again, on each database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from api.db.connections import ThreadConnections
from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.db.statements import Prepared, Rows
from api.pages import shop_ids
from api.pages.shop_ids import ShopIds
from api.web.id_fields import NumberedId, TextId
from shop.mapping.id_map import IdMap

PATIENT_SECONDS = 180
TEXTS = ("0012", "12", "a/b c", "A", "a", "x ", "x", "한글", "\0")


def run(engine: Engine, work: Callable[[ShopIds], Awaitable[Any]], known: dict[str, dict[int, str]]) -> Any:
    """Do something with ids that are read in threads, as on a server."""

    async def run_and_close() -> Any:
        reader = DatabaseReader("platform", ThreadConnections(engine), PATIENT_SECONDS)
        try:
            ids = ShopIds(reader, known)
            await ids.renew_kinds(reader)
            return await work(ids)
        finally:
            reader.close()

    return asyncio.run(run_and_close())


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Prepared]:
    """List the statements that ask for ids from now on."""
    asked: list[Prepared] = []
    execute = Prepared.execute

    def note(statement: Prepared, *arguments: Any) -> Rows:
        asked.append(statement)
        return execute(statement, *arguments)

    monkeypatch.setattr(Prepared, "execute", note)
    return asked


def test_ids_are_found_both_ways_and_read_once(any_empty_shop: Engine, seen: list[Prepared]) -> None:
    numbers = IdMap(any_empty_shop).numbers_of("products", TEXTS, create=True)
    IdMap(any_empty_shop).numbers_of("users", ["0012"], create=True)

    async def work(ids: ShopIds) -> None:
        for _ in range(2):
            found = await ids.find_numbers([TextId("products", text) for text in TEXTS])
            assert found == {TextId("products", text): number for text, number in numbers.items()}
            back = await ids.find_texts([NumberedId("products", number) for number in numbers.values()])
            assert back == {NumberedId("products", number): text for text, number in numbers.items()}
        assert await ids.spell("products", list(numbers.values())) == {each: text for text, each in numbers.items()}
        assert await ids.spell("orders", [1]) == {}
        assert ids.kinds == {"products", "users"}

    run(any_empty_shop, work, {})
    assert len(seen) == 2


def test_an_id_without_a_number_is_asked_for_again(empty_shop: Engine) -> None:
    ids_of_shop = IdMap(empty_shop)
    ids_of_shop.numbers_of("products", ["a"], create=True)

    async def work(ids: ShopIds) -> None:
        new = TextId("products", "new")
        assert await ids.find_numbers([new, TextId("products", "a")]) == {TextId("products", "a"): 1}
        ids_of_shop.numbers_of("products", ["new"], create=True)
        assert await ids.find_numbers([new]) == {new: 2}

    run(empty_shop, work, {})


def test_what_an_earlier_process_knew_needs_no_read(empty_shop: Engine, seen: list[Prepared]) -> None:
    IdMap(empty_shop).numbers_of("products", ["b"], create=True)

    async def work(ids: ShopIds) -> None:
        assert await ids.find_texts([NumberedId("products", 7)]) == {NumberedId("products", 7): "a"}
        assert await ids.find_numbers([TextId("products", "a")]) == {TextId("products", "a"): 7}

    run(empty_shop, work, {"products": {7: "a"}})
    assert seen == []


def test_users_are_kept_as_long_as_there_is_room(
    empty_shop: Engine, seen: list[Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_ids, "MOST_KEPT", 2)
    for kind in ("users", "products"):
        IdMap(empty_shop).numbers_of(kind, ["a", "b", "c"], create=True)

    async def work(ids: ShopIds) -> None:
        for kind in ("users", "products"):
            for text in ("a", "b", "c", "c", "a"):
                assert len(await ids.find_numbers([TextId(kind, text)])) == 1

    run(empty_shop, work, {})
    assert len(seen) == 4 + 3


def test_a_kind_that_begins_anew_is_forgotten(empty_shop: Engine) -> None:
    async def work(ids: ShopIds) -> None:
        assert ids.kinds == frozenset()
        IdMap(empty_shop).numbers_of("products", ["other", "a"], create=True)
        assert await ids.find_numbers([TextId("products", "a")]) == {TextId("products", "a"): 2}
        assert await ids.find_texts([NumberedId("products", 7)]) == {}

    run(empty_shop, work, {"products": {7: "a"}})


def test_a_database_that_fails_is_told_unless_all_is_known(empty_shop: Engine) -> None:
    IdMap(empty_shop).numbers_of("products", ["c"], create=True)

    async def work(ids: ShopIds) -> None:
        with empty_shop.begin() as connection:
            connection.exec_driver_sql("DROP TABLE shop_ids")
        with pytest.raises(DatabaseUnavailableError):
            await ids.find_numbers([TextId("products", "a"), TextId("products", "b")])
        assert await ids.find_texts([NumberedId("products", 7)]) == {NumberedId("products", 7): "a"}

    run(empty_shop, work, {"products": {7: "a"}})
