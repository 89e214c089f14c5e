"""The index in memory finds what looking through every text would, whatever became of the products."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.queries.search import Match, Word
from api.search.text_index import TextIndex, fold

TITLES = [
    "Whole Milk 1 l",
    "Milky Way",
    "7-Up 1 l",
    "Crème Brûlée",
    "서울우유 저지방",
    "Ice-Cream, vanilla",
    "Oat milk",
]
WORDS = ["milk", "ilk", "우유", "creme", "1", "l", "up", "ice cream", "cream vanilla", "way 1", "yogurt", "fizz"]


def make(product_id: int, title: str, category_id: int = 1, brand: str | None = None) -> Match:
    return Match(product_id, category_id, title, brand, None, 1.0, -product_id)


def find(index: TextIndex, *words: str) -> list[int]:
    return [each.product_id for each in index.find([tuple(word.split("|")) for word in words])]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["milk"], [1, 2, 7]),
        (["ilk"], [1, 2, 7]),
        (["우유"], [5]),
        (["서울"], [5]),
        (["milk|우유"], [1, 2, 5, 7]),
        (["milk", "1"], [1]),
        (["7", "up"], [3]),
        (["creme"], [4]),
        (["brûlée"], [4]),
        (["ice cream"], [6]),
        (["vanilla ice"], []),
        (["yogurt"], []),
    ],
)
def test_a_word_is_found_in_any_text_also_as_a_part(words: list[str], found: list[int]) -> None:
    index = TextIndex(make(number, title) for number, title in enumerate(TITLES, 1))

    assert find(index, *words) == found


def test_brands_and_types_are_texts_too_and_no_phrase_goes_from_one_to_another() -> None:
    index = TextIndex([Match(1, 1, "Whole", "Alpine", "Milk", 1.0, -1)])

    assert (find(index, "alpine"), find(index, "milk", "whole")) == ([1], [1])
    assert find(index, "alpine milk") == []


def test_departments_add_what_stands_in_them_and_leave_out_what_does() -> None:
    index = TextIndex([make(1, "Milk"), make(2, "Bread", 2), make(3, "Milk", 3), make(4, "Cola", 2)])

    assert [each.product_id for each in index.find([("milk",)], category_ids=[2], not_of=[3])] == [1, 2, 4]


@pytest.mark.parametrize("text", ["우유 욱", "한글", "milk"])
def test_hangul_stays_as_it_is_without_accents(text: str) -> None:
    assert fold(text) == text


PRODUCTS = st.builds(
    make,
    st.integers(1, 6),
    st.sampled_from(TITLES),
    st.integers(1, 2),
    st.sampled_from([None, "Fizz"]),
)


@settings(deadline=None)
@given(
    before=st.lists(PRODUCTS, unique_by=lambda each: each.product_id),
    changes=st.lists(st.tuples(st.sets(st.integers(1, 6)), st.lists(PRODUCTS, unique_by=lambda each: each.product_id))),
    words=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(tuple), min_size=1, max_size=3),
    named=st.sets(st.integers(1, 2)),
)
def test_after_any_changes_it_finds_what_an_index_made_anew_does(
    before: list[Match], changes: list[tuple[set[int], list[Match]]], words: list[Word], named: set[int]
) -> None:
    index, now = TextIndex(before), {each.product_id: each for each in before}
    for gone, found in changes:
        changed = gone | {each.product_id for each in found}
        index.replace(changed, found)
        now = {each: product for each, product in now.items() if each not in changed}
        now |= {each.product_id: each for each in found}

    assert index.find(words, named) == TextIndex(now[each] for each in sorted(now)).find(words, named)
