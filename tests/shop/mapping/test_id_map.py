"""Id map: an id keeps its number for ever, no two share one, and any number of writers may ask at a time."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Engine

from shop.database import open_engine
from shop.mapping.id_map import IDS_PER_STATEMENT, LONGEST_ID, IdMap

ALIKE = (
    "7", "07", "007", "ab", "AB", "aB", "x", "x ", " x", "x\t", "é", "e\u0301", "ß", "ss", "한글", "a/b", "%2F", "'",
    "\\", "18446744073709551615", "18446744073709551616", "9007199254740993", "1e3", "1000", "1000.0", "x\0", "😀",
)  # fmt: skip


def test_what_is_not_the_same_to_the_last_character_has_another_number(any_empty_shop: Engine) -> None:
    ids = IdMap(any_empty_shop)

    numbers = ids.numbers_of("products", ALIKE, create=True)

    assert numbers == {text: number for number, text in enumerate(ALIKE, 1)}
    assert ids.texts_of("products", numbers.values()) == {number: text for text, number in numbers.items()}


def test_a_number_stays_and_a_new_id_counts_on(any_empty_shop: Engine) -> None:
    given = IdMap(any_empty_shop).numbers_of("products", ALIKE, create=True)

    later = IdMap(any_empty_shop).numbers_of("products", ["new", *reversed(ALIKE)], create=True)

    assert later == {**given, "new": len(ALIKE) + 1}


def test_who_only_asks_gives_out_nothing(any_empty_shop: Engine) -> None:
    ids = IdMap(any_empty_shop)
    ids.numbers_of("products", ["a"], create=True)

    assert ids.numbers_of("products", ["a", "A", "", "x" * (LONGEST_ID + 1), "\ud800"]) == {"a": 1}
    assert ids.numbers_of("users", ["a"]) == {}
    assert ids.texts_of("products", [1, 2]) == {1: "a"}
    assert ids.kinds() == {"products"}


def test_kinds_count_apart(any_empty_shop: Engine) -> None:
    ids = IdMap(any_empty_shop)

    numbers = [ids.numbers_of(kind, ["same"], create=True) for kind in ("users", "products", "orders")]

    assert numbers == [{"same": 1}] * 3
    assert ids.kinds() == {"orders", "products", "users"}


@pytest.mark.parametrize("text", ["", "x" * (LONGEST_ID + 1), "\ud800"], ids=["empty", "long", "no Unicode"])
def test_what_cannot_be_an_id_gets_no_number(empty_shop: Engine, text: str) -> None:
    with pytest.raises(ValueError, match="an id of users is empty"):
        IdMap(empty_shop).numbers_of("users", ["a", text], create=True)

    assert IdMap(empty_shop).kinds() == frozenset()


def test_the_longest_id_and_more_ids_than_a_statement_takes(any_empty_shop: Engine) -> None:
    texts = ["한" * LONGEST_ID, *(str(UUID(int=number)) for number in range(IDS_PER_STATEMENT + 1))]

    numbers = IdMap(any_empty_shop).numbers_of("users", texts, create=True)

    assert sorted(numbers.values()) == list(range(1, len(texts) + 1))
    assert IdMap(any_empty_shop).numbers_of("users", texts) == numbers
    assert len(IdMap(any_empty_shop).texts_of("users", numbers.values())) == len(texts)


def test_writers_at_a_time_agree(any_empty_shop: Engine) -> None:
    texts = [f"user {number}" for number in range(300)]

    def ask(writer: int) -> dict[str, int]:
        engine = open_engine(any_empty_shop.url)
        ids, numbers = IdMap(engine), dict[str, int]()
        for start in range(0, len(texts), 50):
            part = texts[start : start + 50][:: 1 if writer % 2 else -1]
            numbers |= ids.numbers_of("users", part, create=True)
        engine.dispose()
        return numbers

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))

    assert all(answer == answers[0] for answer in answers)
    assert sorted(answers[0].values()) == list(range(1, len(texts) + 1))
