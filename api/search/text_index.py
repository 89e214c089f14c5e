"""Index of the catalogue's texts in memory: finds the products whose title, brand or type hold all words of a search.

A word may be a part of a longer one. The words of all texts are looked through for it, a few tens of thousands, instead
of the texts themselves; case and accents make no difference.
"""

import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice

from api.queries.search import MOST_MATCHES, Match, Word
from api.search.words import split_words

KEPT_TEXTS = 4_096


class TextIndex:
    """Products by the words of their texts."""

    def __init__(self, products: Iterable[Match]):
        """Index products that can be sold."""
        self._products: dict[int, Match] = {}
        self._by_word: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
        self._by_category: defaultdict[int, set[int]] = defaultdict(set)
        self._changed: set[int] = set()
        for product in products:
            self._add(product)

    def replace(self, product_ids: Iterable[int], products: Iterable[Match]) -> None:
        """Take in what has become of some products.

        Args:
            product_ids: whose texts are no longer what they were.
            products: those of them that can be sold now.
        """
        for product_id in product_ids:
            if (before := self._products.pop(product_id, None)) is not None:
                self._by_category[before.category_id].discard(product_id)
                self._changed.add(product_id)  # its former words still lead to it
        for product in products:
            self._add(product)

    def find(
        self, words: Sequence[Word], category_ids: Collection[int] = (), not_of: Collection[int] = ()
    ) -> list[Match]:
        """Find as `api.queries.search.fetch_matches` does, in the order of the ids."""
        wanted = [tuple(map(fold, word)) for word in words]
        found = set.intersection(*map(self._find_holders, wanted)) if wanted else set[int]()
        found &= self._products.keys()
        held = found - {each for each in found & self._changed if not self._holds(each, wanted)}
        named = {each for category_id in category_ids for each in self._by_category.get(category_id, ())} - held
        products = (self._products[product_id] for product_id in chain(sorted(held), sorted(named)))
        return list(islice((each for each in products if each.category_id not in not_of), MOST_MATCHES))

    def _add(self, product: Match) -> None:
        self._products[product.product_id] = product
        self._by_category[product.category_id].add(product.product_id)
        words = {*_fold_words(product.title), *_fold_known(product.brand), *_fold_known(product.product_type)}
        for word in words:
            self._by_word[word].append(product.product_id)

    def _find_holders(self, word: Word) -> set[int]:
        """Find the products whose texts hold a word or one of its alternatives, or did before they changed."""
        return set[int]().union(*map(self._find_with, word))

    def _find_with(self, text: str) -> set[int]:
        """Find the products that hold a part of a word, or several words that follow each other."""
        parts = text.split()
        if len(parts) > 1:
            candidates = set.intersection(*map(self._find_with, parts)) & self._products.keys()
            return {each for each in candidates if self._holds(each, [(text,)])}
        return set[int]().union(*(product_ids for word, product_ids in self._by_word.items() if text in word))

    def _holds(self, product_id: int, words: Sequence[Word]) -> bool:
        """Return whether a product's texts hold each word, or one of its alternatives."""
        product = self._products[product_id]
        texts = [" ".join(_fold_words(text)) for text in (product.title, product.brand, product.product_type)]
        return all(any(each in text for each in word for text in texts) for word in words)


def fold(text: str) -> str:
    """Spell lower-case text without accents; Hangul stays as it is."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(each for each in parts if not unicodedata.combining(each)))


def _fold_words(text: str | None) -> tuple[str, ...]:
    return tuple(map(fold, split_words(text))) if text else ()


_fold_known = lru_cache(KEPT_TEXTS)(_fold_words)
"""For brands and types, which many products share."""
