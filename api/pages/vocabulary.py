"""Makes the vocabulary of a shop: the words of all that can be sold, and what may be suggested."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from api.db.databases import Databases
from api.pages.fallback import FallbackCache
from api.queries.search import fetch_texts
from api.search.vocabulary import Completion, SuggestionKind, TextCount, Vocabulary
from shop.storefront.departments import SILENT

TEXTS_AT_ONCE = 2000
MOST_TEXTS = 500_000
"""Products whose words are known, so that a process's memory does not follow the shop."""

PAUSE_SECONDS = 0.01


async def learn_words(databases: Databases, fallback: FallbackCache) -> Vocabulary:
    """Read the texts of all that can be sold, piece by piece, and make the vocabulary of them.

    Args:
        databases: the shop's and the platform's.
        fallback: knows departments, best sellers and the merchant's other words.

    Raises:
        DatabaseUnavailableError: a database fails or is too slow.
    """
    restricted = await fallback.load_restricted(databases)
    counts: dict[SuggestionKind, Counter[str]] = {kind: Counter() for kind in ("product", "brand", "product_type")}
    in_category: Counter[int] = Counter()
    after_id: int | None = -1
    while after_id is not None and in_category.total() < MOST_TEXTS:
        texts = await databases.shop.read(fetch_texts, after_id, TEXTS_AT_ONCE, restricted)
        counts["product"].update(each.title for each in texts)
        counts["brand"].update(each.brand for each in texts if each.brand)
        counts["product_type"].update(each.product_type for each in texts if each.product_type)
        in_category.update(each.category_id for each in texts)
        after_id = texts[-1].product_id if texts else None
        await asyncio.sleep(PAUSE_SECONDS)
    words = [TextCount(text, number) for texts in counts.values() for text, number in texts.items()]
    other_words = list(fallback.storefront.search.synonyms)
    completions = [
        *_complete_categories(fallback, in_category),
        *(Completion(text, "product_type", number) for text, number in counts["product_type"].items()),
        *(Completion(word, "product_type", 0) for word in other_words),
        *(Completion(text, "brand", number) for text, number in counts["brand"].items()),
        *_complete_popular(fallback, restricted),
    ]
    return await asyncio.to_thread(Vocabulary, words, completions, other_words)


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
