"""Makes the vocabulary of a shop: the words of all that can be sold, and what may be suggested."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from api.pages.fallback import FallbackCache
from api.queries.search import Match
from api.search.vocabulary import Completion, SuggestionKind, TextCount, Vocabulary
from shop.storefront.departments import SILENT


def make_vocabulary(products: Iterable[Match], fallback: FallbackCache, restricted: Collection[int]) -> Vocabulary:
    """Make the vocabulary of products.

    Args:
        products: all that can be sold.
        fallback: knows departments, best sellers and the merchant's other words.
        restricted: departments whose words are not known.
    """
    texts = [each for each in products if each.category_id not in restricted]
    counts: dict[SuggestionKind, Counter[str]] = {kind: Counter() for kind in ("product", "brand", "product_type")}
    counts["product"].update(each.title for each in texts)
    counts["brand"].update(each.brand for each in texts if each.brand)
    counts["product_type"].update(each.product_type for each in texts if each.product_type)
    in_category = Counter(each.category_id for each in texts)
    words = [TextCount(text, number) for of_kind in counts.values() for text, number in of_kind.items()]
    other_words = list(fallback.storefront.search.synonyms)
    completions = [
        *_complete_categories(fallback, in_category),
        *(Completion(text, "product_type", number) for text, number in counts["product_type"].items()),
        *(Completion(word, "product_type", 0) for word in other_words),
        *(Completion(text, "brand", number) for text, number in counts["brand"].items()),
        *_complete_popular(fallback, restricted),
    ]
    return Vocabulary(words, completions, other_words)


def _complete_categories(fallback: FallbackCache, num_products: Mapping[int, int]) -> Iterator[Completion]:
    for category_id, names in name_categories(fallback):
        for name in names:
            yield Completion(name, "category", num_products[category_id], category_id)


def _complete_popular(fallback: FallbackCache, restricted: Collection[int]) -> Iterator[Completion]:
    """Complete titles of popular products, of each title the most popular one."""
    by_title = {each.title: each for each in reversed(fallback.list_products())}
    for each in by_title.values():
        if each.category_id not in restricted:
            yield Completion(each.title, "product", 0, each.product_id)


def name_categories(fallback: FallbackCache) -> Iterator[tuple[int, list[str]]]:
    """Name the departments that are not restricted in every language."""
    categories, said = fallback.copy.categories, fallback.storefront.departments
    for each in categories.categories if categories else ():
        if each.category_id not in fallback.restricted:
            name = said.get(each.name, SILENT).name
            yield each.category_id, list(dict.fromkeys(filter(None, (each.name, name.ko, name.en))))
