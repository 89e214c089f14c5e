import pytest

from api.search.words import MOST_WORDS, expand, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Whole Milk, 1 l", ("whole", "milk", "1", "l")),
        ("유제품·달걀", ("유제품", "달걀")),
        ('"NEAR(*)" -a_b% OR', ("near", "a", "b", "or")),
        ("Ｍｉｌｋ", ("milk",)),
        (" ,.\0 🍎", ()),
    ],
)
def test_words_are_letters_and_digits_in_lower_case(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text) == words


def test_words_get_their_alternatives() -> None:
    synonyms = {"아이스크림": ["Ice Cream"], "냉동": ["frozen"], "피자": ["pizza"]}

    assert expand(["아이스크림", "1"], synonyms) == [("아이스크림", "ice cream"), ("1",)]
    assert expand(["냉동피자"], synonyms) == [("냉동", "frozen"), ("피자", "pizza")]
    assert expand(["냉동고"], synonyms) == [("냉동고",)]


def test_taking_compounds_apart_makes_no_more_words_than_a_search_may_have() -> None:
    assert len(expand(["냉동피자"] * MOST_WORDS, {"냉동": ["frozen"], "피자": ["pizza"]})) == MOST_WORDS
