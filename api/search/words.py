"""Words of queries and texts, in one spelling, and what else they are found by."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

MOST_WORDS = 8
KEPT_TEXTS = 50_000

_WORD = re.compile(r"[^\W_]+")

Synonyms = Mapping[str, Sequence[str]]
"""Words of the shop's texts, by words that shoppers use for them."""


@lru_cache(KEPT_TEXTS)
def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a text: letters and digits alone, in lower case, in the order of the text."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def expand(words: Sequence[str], synonyms: Synonyms) -> list[tuple[str, ...]]:
    """Give each word its alternatives; a compound of two that have some is taken apart.

    Args:
        words: of a query.
        synonyms: by words in lower case.

    Returns:
        For each word itself and what else may stand for it.
    """
    expanded: list[tuple[str, ...]] = []
    for word in words:
        parts = [word] if word in synonyms else _take_apart(word, synonyms)
        expanded += [tuple(dict.fromkeys([part, *map(_join_words, synonyms.get(part, ()))])) for part in parts]
    return expanded[:MOST_WORDS]


def _join_words(text: str) -> str:
    return " ".join(split_words(text))


def _take_apart(word: str, synonyms: Synonyms) -> list[str]:
    """Take a compound ("냉동피자") apart into two words that have alternatives."""
    halves = ((word[:at], word[at:]) for at in range(1, len(word)))
    return next((list(both) for both in halves if both[0] in synonyms and both[1] in synonyms), [word])
