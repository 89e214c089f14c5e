"""Numbers of ids of text: one for ever, and none for two."""

import pytest
from sqlalchemy import Engine

from shop.loaders.text_ids import TextIds, read_text_ids
from shop.mapping.id_map import IdMap

ALIKE = ("7", "07", "007", "ab", "AB", "x", "x ", "9007199254740993", "9007199254740992", "é", "e\u0301")


def test_what_is_not_the_same_to_the_last_character_has_another_number() -> None:
    ids = TextIds()

    numbers = [ids.number_of("products", text) for text in ALIKE]

    assert numbers == list(range(1, len(ALIKE) + 1))
    assert [ids.number_of("products", text) for text in ALIKE] == numbers
    assert ids.list_texts("products")[2] == "07"


def test_kinds_count_apart_and_nothing_has_no_number() -> None:
    ids = TextIds()

    assert (ids.number_of("users", "a"), ids.number_of("products", "b"), ids.number_of("users", None)) == (1, 1, None)


def test_a_fraction_is_no_id() -> None:
    with pytest.raises(TypeError, match=r"not 1\.5"):
        TextIds().number_of("users", 1.5)  # type: ignore[arg-type]


def test_they_are_kept_in_the_id_map(any_empty_shop: Engine) -> None:
    ids = read_text_ids(any_empty_shop)
    given = {text: ids.number_of("products", text) for text in ALIKE}
    with any_empty_shop.begin() as connection:
        ids.write_new(connection)

    again = read_text_ids(any_empty_shop)

    assert IdMap(any_empty_shop).numbers_of("products", ALIKE) == given
    assert again.number_of("products", "new") == len(ALIKE) + 1
    assert {text: again.number_of("products", text) for text in reversed(ALIKE)} == given
