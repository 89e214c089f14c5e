"""Search and its suggestions. Of a family a search shows the variant that comes first.

Restricted departments are left out of both: they show in their own page alone. So is what the merchant's rules hide,
but a suggestion of a brand or a kind of theirs stays until the next vocabulary. A search without the database looks
through the local fallback; suggestions come from memory in any case, made anew every few minutes.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from api.db.databases import Databases
from api.db.reader import DatabaseUnavailableError
from api.db.refusals import LastTrouble
from api.pages.fallback import FallbackCache
from api.pages.live_texts import LiveTexts
from api.pages.vocabulary import make_vocabulary, name_categories
from api.queries.catalogue import SellableProduct, fetch_sellable
from api.queries.coupons import fetch_held_coupons
from api.queries.published import SharedLists, SharedListsCache, fetch_head
from api.queries.search import MOST_MATCHES, Match, Word, fetch_matches
from api.schemas import FoundProduct, SearchPage, Suggestion, Suggestions
from api.search.results import Results, SearchFilters, Sort, arrange
from api.search.vocabulary import Completion, Vocabulary
from api.search.words import MOST_WORDS, expand, split_words

VOCABULARY_SECONDS = 300.0
FIRST_COPY_SECONDS = 0.2

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchRequest:
    """What is searched, how it is narrowed and ordered, and which part of it is shown.

    With `with_variants` every product of a family stands for itself.
    """

    query: str
    filters: SearchFilters
    sort: Sort
    offset: int
    limit: int
    user_id: int | None = None
    with_variants: bool = False


@dataclass(frozen=True)
class _Found:
    """What a search found, with the products of its page, and what was searched if it is not what was typed."""

    results: Results
    num_found: int
    page: list[SellableProduct]
    corrected_query: str | None


class SearchPages:
    """Answers searches and completes what is being typed."""

    def __init__(self, databases: Databases, fallback: FallbackCache, cache: SharedListsCache):
        """Take the dependencies; until `keep_fresh` has run, nothing is corrected or suggested but departments.

        Args:
            databases: under a deadline of their own: a long search must not count against other pages.
            fallback: the local fallback.
            cache: shared lists by batch.
        """
        self._databases = databases
        self._fallback = fallback
        self._cache = cache
        self._vocabulary = Vocabulary()
        self._texts = LiveTexts(databases.shop)

    async def search(self, request: SearchRequest) -> SearchPage:
        """Return one page of what is found; without a database, what the local fallback has.

        Raises:
            DatabaseUnavailableError: a database cannot be reached, and the local fallback holds nothing of it.
        """
        try:
            found = await self._databases.within_deadline(self._read(request))
        except DatabaseUnavailableError:
            found = self._recall(request)
            if not found.num_found:
                raise
        else:
            self._fallback.latest.note_sellable(found.page)
        return SearchPage(
            products=[
                FoundProduct(**product.listed(), num_variants=found.results.num_variants[product.product_id])
                for product in found.page
            ],
            total=len(found.results.matches),
            is_total_exact=found.num_found < MOST_MATCHES,
            corrected_query=found.corrected_query,
            facets=found.results.facets,
        )

    def suggest(self, typed: str, limit: int) -> Suggestions:
        """Complete what is being typed, from memory."""
        found = self._vocabulary.complete(typed, limit)
        return Suggestions(suggestions=[_to_suggestion(each) for each in found if not self._is_hidden(each)])

    async def keep_fresh(self) -> None:
        """Learn the shop's words again and again. While a database fails, those that were learned last stay."""
        trouble = LastTrouble()
        while True:
            if self._fallback.copy.categories is None:  # departments and best sellers are the copy's
                await asyncio.sleep(FIRST_COPY_SECONDS)
                continue
            try:
                restricted = await self._fallback.load_restricted(self._databases)
                products = await self._texts.learn()
                self._vocabulary = await asyncio.to_thread(make_vocabulary, products, self._fallback, restricted)
                trouble.end()
            except DatabaseUnavailableError as err:
                if trouble.is_new(str(err)):
                    logger.info("vocabulary stays reason=%r", str(err))
            await asyncio.sleep(VOCABULARY_SECONDS)

    def _is_hidden(self, completion: Completion) -> bool:
        """Return whether a suggestion leads to a product or a department that the merchant's rules hide."""
        product_id = completion.target_id if completion.kind == "product" else None
        known = None if product_id is None else self._fallback.latest.find(product_id)
        category_id = completion.target_id if completion.kind == "category" else known and known.category_id
        return self._fallback.rules.current.hides(product_id or -1, category_id or -1)

    def _find_categories(self, words: Sequence[str]) -> dict[int, float]:
        """Find the departments whose name, in some language, has all words, and the share of it that they are."""
        asked, found = set(words), dict[int, float]()
        for category_id, names in name_categories(self._fallback):
            whole = [len(asked) / len(of_name) for name in names if asked <= (of_name := set(split_words(name)))]
            if asked and whole:
                found[category_id] = max(whole)
        return found

    async def _read(self, request: SearchRequest) -> _Found:
        """Read what is popular and what has changed, and then what the search finds."""
        restricted = await self._fallback.load_restricted(self._databases)
        shared = await self._databases.platform.read(self._read_shared)
        await self._texts.renew()
        return await self._databases.shop.read(self._read_found, request, restricted, _measure_popularity(shared))

    def _read_shared(self, connection: Connection) -> SharedLists:
        head = fetch_head(connection)
        return SharedLists() if head is None else self._cache.get(connection, head)

    def _read_found(
        self,
        connection: Connection,
        request: SearchRequest,
        restricted: Collection[int],
        popularity: Mapping[int, float],
    ) -> _Found:
        """Search, and once more with corrected words if nothing was found."""
        typed = split_words(request.query)[:MOST_WORDS]
        search = partial(self._find, connection, restricted)
        words, named, found = search(typed)
        corrected = tuple(map(self._vocabulary.correct, typed))
        is_corrected = not found and corrected != typed
        if is_corrected:
            words, named, found = search(corrected)
        if request.with_variants:
            found = [each._replace(shown_as=-each.product_id) for each in found]
        filters = request.filters
        if request.user_id is not None:
            filters = replace(filters, coupons=fetch_held_coupons(connection, request.user_id))
        results = arrange(found, words, named, filters, request.sort, popularity)
        ids = [each.product_id for each in results.matches[request.offset :][: request.limit]]
        sellable = fetch_sellable(connection, ids)
        page = [sellable[product_id] for product_id in ids if product_id in sellable]
        return _Found(results, len(found), page, " ".join(corrected) if is_corrected and found else None)

    def _find(
        self, connection: Connection, restricted: Collection[int], typed: Sequence[str]
    ) -> tuple[list[Word], dict[int, float], list[Match]]:
        """Return the words with their alternatives, the departments that they name, and what holds them."""
        expanded = expand(typed, self._fallback.storefront.search.synonyms)
        words, named = [self._vocabulary.keep_known(word) for word in expanded], self._find_categories(typed)
        found = self._find_products(connection, words, named, restricted) if words else []
        hides = self._fallback.rules.current.hides
        return words, named, [each for each in found if not hides(each.product_id, each.category_id)]

    def _find_products(
        self, connection: Connection, words: Sequence[Word], named: Collection[int], restricted: Collection[int]
    ) -> list[Match]:
        """Find in memory, or in the database while the texts are not known."""
        with self._texts.hold() as index:
            if index is not None:
                return index.find(words, named, restricted)
        return fetch_matches(connection, words, named, restricted)

    def _recall(self, request: SearchRequest) -> _Found:
        """Search the local fallback, which knows titles alone."""
        words = expand(split_words(request.query)[:MOST_WORDS], self._fallback.storefront.search.synonyms)
        products = {each.product_id: each for each in self._fallback.list_products()}
        found = [
            Match(
                each.product_id,
                each.category_id,
                each.title,
                None,
                None,
                each.price,
                each.family_id or -each.product_id,
            )
            for each in products.values()
            if words
            and each.category_id not in self._fallback.restricted
            and all(any(part in each.title.lower() for part in word) for word in words)
        ]
        results = arrange(found, words, {}, request.filters, request.sort, {})
        shown = results.matches[request.offset :][: request.limit]
        return _Found(results, len(found), [products[each.product_id] for each in shown], None)


def _measure_popularity(shared: SharedLists) -> dict[int, float]:
    """Return how popular the products are that the shown batch calls so."""
    lists = (shared.popular, *shared.by_category.values())
    return {entry.product_id: entry.score for entries in lists for entry in entries}


def _to_suggestion(completion: Completion) -> Suggestion:
    return Suggestion(
        text=completion.text,
        kind=completion.kind,
        num_products=completion.num_products or None,
        category_id=completion.target_id if completion.kind == "category" else None,
        product_id=completion.target_id if completion.kind == "product" else None,
    )
