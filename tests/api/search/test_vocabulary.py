import pytest

from api.search.vocabulary import MOST_OF_A_KIND, Completion, TextCount, Vocabulary

WORDS = Vocabulary([TextCount("Whole Milk", 9), TextCount("Silk Chocolate", 2)], other_words=["커피", "우유"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mlik", "milk"),
        ("miilk", "milk"),
        ("mil", "mil"),  # too short
        ("choclate", "chocolate"),
        ("chpcolate", "chocolate"),
        ("커삐", "커피"),
        ("milk", "milk"),
        ("qilk", "milk"),  # of two that are as near the commoner one
        ("1234", "1234"),
        ("zebra", "zebra"),
    ],
)
def test_a_word_that_is_one_letter_off_is_corrected(typed: str, meant: str) -> None:
    assert WORDS.correct(typed) == meant


def test_alternatives_that_no_text_holds_are_left_out() -> None:
    assert WORDS.keep_known(("우유", "milk")) == ("milk",)
    assert WORDS.keep_known(("쌀", "rice")) == ("쌀", "rice")
    assert Vocabulary().keep_known(("우유", "milk")) == ("우유", "milk")


def complete(typed: str, limit: int = 8) -> list[str]:
    completions = [
        Completion("Maple Mills", "brand", 5),
        Completion("Milk", "product_type", 7),
        Completion("Chocolate Milk", "product_type", 9),
        Completion("Milk & Eggs", "category", 3, 1),
        Completion("유제품·달걀", "category", 3, 1),
        Completion("Whole Milk 1 l", "product", 0, 11),
    ]
    return [each.text for each in Vocabulary((), completions).complete(typed, limit)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mil", ["Milk & Eggs", "Chocolate Milk", "Milk", "Maple Mills", "Whole Milk 1 l"]),
        ("Chocolate  m", ["Chocolate Milk"]),
        ("달", ["유제품·달걀"]),
        ("ilk", []),
        ("", []),
        ("*", []),
    ],
)
def test_beginnings_of_words_are_completed(typed: str, found: list[str]) -> None:
    assert complete(typed) == found
    assert complete(typed, 2) == found[:2]


def test_no_kind_takes_all_places() -> None:
    brands = [Completion(f"Mill {number}", "brand", number) for number in range(20)]

    found = Vocabulary((), [*brands, Completion("Milk 1 l", "product", 0, 1)]).complete("mil", 8)

    assert [each.num_products for each in found] == [19, 18, 17, 16, 0]
    assert len(found) == MOST_OF_A_KIND + 1
