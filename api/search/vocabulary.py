"""Vocabulary of a shop's texts: corrects mistyped words, and completes what is being typed.

A mistyped word is found by deletions: two words that differ by one letter (another, one more, one less, two swapped)
are equal after at most one is deleted from each (Mor & Fraenkel 1982). Words are compared by the parts of their
letters, so that a Hangul syllable counts as its two or three sounds.
"""

import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Literal, NamedTuple

from api.queries.search import Word
from api.search.words import split_words

SHORTEST_CORRECTED = 4
"""Parts of letters of the shortest word that is corrected: a shorter one is near to too many."""

SuggestionKind = Literal["category", "product_type", "brand", "product"]


class Completion(NamedTuple):
    """What may be meant by something that is being typed.

    Attributes:
        num_products: that can be sold now; 0 where it was not counted.
        target_id: the category or product; `None` for words to search.
    """

    text: str
    kind: SuggestionKind
    num_products: int
    target_id: int | None = None


@dataclass(frozen=True)
class TextCount:
    """One text of the catalogue, and how many products have it."""

    text: str
    num_products: int


class Vocabulary:
    """Words and phrases of a shop. Never changed once it is made."""

    def __init__(
        self,
        texts: Iterable[TextCount] = (),
        completions: Iterable[Completion] = (),
        other_words: Iterable[str] = (),
    ):
        """Index the words.

        Args:
            texts: whose words are known.
            completions: what may be suggested.
            other_words: that shoppers may search and no text need hold.
        """
        in_texts: Counter[str] = Counter()
        for each in texts:
            for word in split_words(each.text):
                in_texts[word] += each.num_products
        self._in_texts = frozenset(in_texts)
        self._words = in_texts + Counter(other_words)
        self._by_deletion: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._words:
            if _is_correctable(word):
                for rest in _delete_one(_parts(word)):
                    self._by_deletion[rest].append(word)
        self._completions = list(completions)
        self._starts = sorted(_list_starts(self._completions))

    def correct(self, word: str) -> str:
        """Return the commonest known word that differs by one letter, and the word itself if it is known or none is."""
        if word in self._words or not _is_correctable(word):
            return word
        near = {found for rest in _delete_one(_parts(word)) for found in self._by_deletion.get(rest, ())}
        return max(near, key=lambda found: (self._words[found], found), default=word)

    def keep_known(self, word: Word) -> Word:
        """Leave out alternatives of a word that no text holds, unless none holds any: short ones cost a long read."""
        known = tuple(each for each in word if len(word) > 1 and any(each in text for text in self._in_texts))
        return known or word

    def complete(self, typed: str, limit: int) -> list[Completion]:
        """Return what begins with what was typed, or has a word that does; kinds in order, then by products."""
        words = split_words(typed)
        if not words:
            return []
        beginning = " ".join(words)
        first = bisect_left(self._starts, (beginning, -1))
        last = bisect_left(self._starts, (beginning + "\U0010ffff", -1))
        found = {place for _, place in self._starts[first:last]}
        return rank_completions((self._completions[place] for place in found), limit)


_ORDER: Sequence[SuggestionKind] = ("category", "product_type", "brand", "product")
MOST_OF_A_KIND = 4


def rank_completions(found: Iterable[Completion], limit: int) -> list[Completion]:
    """Take the best of each kind, those of most products first."""
    by_kind: dict[SuggestionKind, list[Completion]] = {kind: [] for kind in _ORDER}
    for each in found:
        by_kind[each.kind].append(each)
    best = (nlargest(MOST_OF_A_KIND, each, key=lambda one: (one.num_products, one.text)) for each in by_kind.values())
    return [each for kind in best for each in kind][:limit]


def _list_starts(completions: Collection[Completion]) -> Iterator[tuple[str, int]]:
    """List every place in a completion where a word begins, as what follows there."""
    for place, completion in enumerate(completions):
        words = split_words(completion.text)
        for at in range(len(words)):
            yield " ".join(words[at:]), place


def _parts(word: str) -> str:
    return unicodedata.normalize("NFD", word)


def _is_correctable(word: str) -> bool:
    return len(_parts(word)) >= SHORTEST_CORRECTED and word.isalpha()


def _delete_one(word: str) -> set[str]:
    """Return the word, and what is left of it after any one letter is deleted."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
