"""Queries of the search: products that can be sold now and whose text holds words, and the texts that words come from.

Every word stands for itself or for one of its alternatives, and may be a part of a longer one. Each server finds them
with the index that `shop/migrations/search_index.py` gives it; words that are too short for it are looked for in all.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, column, func, literal_column, or_, select, table
from sqlalchemy.dialects.mysql import match

from api.queries.catalogue import IS_SELLABLE, MOST_AT_ONCE, PRICE, is_price
from shop.tables import Product

MOST_MATCHES = 10_000
"""Products that a search looks at: the best ones by the index. Counts end here."""

SHORTEST_TRIGRAM = 3
SHORTEST_NGRAM = 2

Word = Collection[str]
"""A word of a query with its alternatives, in lower case, without signs."""


class Match(NamedTuple):
    """A product that was found, with what it is ranked and counted by."""

    product_id: int
    category_id: int
    title: str
    brand: str | None
    product_type: str | None
    price: float
    shown_as: int
    """What it is shown and counted under: its family, or itself, as a number that is no family's."""


_COLUMNS = (
    Product.product_id,
    Product.category_id,
    Product.title,
    Product.brand,
    Product.product_type,
    PRICE,
    Product.family_id,
)
_INDEX = table("product_search", column("rowid"), column("rank"))
_SEARCH_TEXT: ColumnElement[str] = literal_column("search_text")
_ALL_TEXT = Product.title + " " + func.coalesce(Product.brand, "") + " " + func.coalesce(Product.product_type, "")


def fetch_matches(
    connection: Connection, words: Sequence[Word], category_ids: Collection[int] = (), not_of: Collection[int] = ()
) -> list[Match]:
    """Read the products whose title, brand or type hold every word, best first by the index, at most `MOST_MATCHES`.

    Args:
        connection: to the shop's database.
        words: at least one.
        category_ids: departments whose products are found whatever their text holds, after those.
        not_of: departments to leave out.
    """
    found = _read(connection, _find_words(connection, words), not_of)
    if category_ids:
        in_categories = select(*_COLUMNS).where(Product.category_id.in_(category_ids)).order_by(Product.product_id)
        known = {each.product_id for each in found}
        found += [each for each in _read(connection, in_categories, not_of) if each.product_id not in known]
    return found[:MOST_MATCHES]


def fetch_texts(connection: Connection, after_id: int, limit: int) -> list[Match]:
    """Read products that can be sold now in the order of their ids, for the words of their texts.

    Args:
        connection: to the shop's database.
        after_id: begin after this id.
        limit: products wanted.
    """
    after = select(*_COLUMNS).where(Product.product_id > after_id).order_by(Product.product_id)
    return _read(connection, after, (), limit)


def fetch_texts_of(connection: Connection, product_ids: Sequence[int]) -> list[Match]:
    """Read those of some products that can be sold now, for the words of their texts."""
    among = (
        select(*_COLUMNS).where(Product.product_id.in_(product_ids[start : start + MOST_AT_ONCE]))
        for start in range(0, len(product_ids), MOST_AT_ONCE)
    )
    return [each for query in among for each in _read(connection, query, ())]


def _read(
    connection: Connection, query: Select[Any], not_of: Collection[int], limit: int = MOST_MATCHES
) -> list[Match]:
    query = query.where(*IS_SELLABLE).limit(limit)
    if not_of:
        query = query.where(Product.category_id.not_in(not_of))
    return list(_to_matches(connection.execute(query).all()))


def _to_matches(rows: Sequence[Any]) -> Iterator[Match]:
    for product_id, category_id, title, brand, product_type, price, family_id in rows:
        if is_price(price, product_id):
            shown_as = -product_id if family_id is None else family_id
            yield Match(product_id, category_id, title, brand, product_type, float(price), shown_as)


def _find_words(connection: Connection, words: Sequence[Word]) -> Select[Any]:
    """Write the query that finds the words in the way of the connection's server."""
    query = select(*_COLUMNS)
    if connection.dialect.name == "sqlite":
        indexed, others = _divide(words, SHORTEST_TRIGRAM)
        query = query.where(*(_contains(_ALL_TEXT, word) for word in others))
        if not indexed:
            return query.order_by(Product.product_id)
        wanted = " AND ".join(f"({' OR '.join(map(_quote, word))})" for word in indexed)
        on_index = query.join_from(_INDEX, Product, Product.product_id == _INDEX.c.rowid)
        return on_index.where(literal_column("product_search").op("MATCH")(wanted)).order_by(
            _INDEX.c.rank, Product.product_id
        )
    if connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        return query.where(*(_contains(_SEARCH_TEXT, word) for word in words)).order_by(Product.product_id)
    indexed, others = _divide(words, SHORTEST_NGRAM)
    query = query.where(*(_contains(_SEARCH_TEXT, word) for word in others))
    if not indexed:
        return query.order_by(Product.product_id)
    relevance = match(_SEARCH_TEXT, against=" ".join(f"+({' '.join(map(_quote, word))})" for word in indexed))
    relevance = relevance.in_boolean_mode()
    return query.where(relevance).order_by(relevance.desc(), Product.product_id)


def _divide(words: Sequence[Word], shortest: int) -> tuple[list[Word], list[Word]]:
    """Divide words into those that the index finds and those with an alternative that is too short for it."""
    indexed = [word for word in words if min(map(len, word)) >= shortest]
    return indexed, [word for word in words if word not in indexed]


def _contains(text: ColumnElement[str], word: Word) -> ColumnElement[bool]:
    return or_(*(text.icontains(each, autoescape=True) for each in word))


def _quote(text: str) -> str:
    """Quote words for both query languages; words of letters and digits hold no sign of either."""
    return f'"{text}"'
