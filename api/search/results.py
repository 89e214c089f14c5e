"""Ranks what a search found, filters it and counts it by facet. A family stands once, and counts once."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeVar

from api.queries.coupons import HeldCoupon
from api.queries.search import Match, Word
from api.schemas.search import BrandCount, CategoryCount, PriceBand, SearchFacets
from api.search.words import split_words

MOST_BRANDS = 20
BANDS = 4

Choice = TypeVar("Choice")
Sort = Literal["relevance", "popularity", "price_up", "price_down"]


@dataclass(frozen=True)
class SearchFilters:
    """What a shopper narrowed the results to; the upper price is left out itself."""

    category_id: int | None = None
    brand: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    with_coupon: bool = False
    coupons: Sequence[HeldCoupon] = field(default=())

    def has_coupon(self, found: Match) -> bool:
        """Return whether one of the shopper's coupons is valid for a product."""
        return any(coupon.covers(found.product_id, found.category_id) for coupon in self.coupons)

    def checks(self) -> dict[str, Callable[[Match], bool]]:
        """Return a check for each facet that was narrowed, by its name."""
        least, most = self.min_price or 0.0, self.max_price
        every: dict[str, tuple[bool, Callable[[Match], bool]]] = {
            "category": (self.category_id is not None, lambda found: found.category_id == self.category_id),
            "brand": (self.brand is not None, lambda found: found.brand == self.brand),
            "price": (
                self.min_price is not None or most is not None,
                lambda found: least <= found.price and (most is None or found.price < most),
            ),
            "coupon": (self.with_coupon, self.has_coupon),
        }
        return {name: check for name, (is_set, check) in every.items() if is_set}


@dataclass(frozen=True)
class Results:
    """What a search found, in order, after filters, and of each family the first; facets count what each would show.

    `num_variants` says of how many products of its family a match is the first, by its id.
    """

    matches: list[Match]
    num_variants: Mapping[int, int]
    facets: SearchFacets


def arrange(
    found: Sequence[Match],
    words: Sequence[Word],
    named: Mapping[int, float],
    filters: SearchFilters,
    sort: Sort,
    popularity: Mapping[int, float],
) -> Results:
    """Filter, count and sort; of each family, keep what comes first.

    Args:
        found: best first by the index.
        words: what was searched.
        named: departments that the words name, with the share of the name that they are.
        filters: of the shopper.
        sort: the order.
        popularity: of popular products, greater is more popular.
    """
    checks = filters.checks()
    kept = [each for each in found if all(check(each) for check in checks.values())]

    def without(facet: str) -> list[Match]:
        """Return what the other filters leave, so that each choice of the facet says what it would show."""
        others = [check for name, check in checks.items() if name != facet]
        return [each for each in found if all(check(each) for check in others)] if facet in checks else kept

    facets = SearchFacets(
        categories=[
            CategoryCount(category_id=category_id, num_products=number)
            for category_id, number in _count_families((each, each.category_id) for each in without("category"))
        ],
        brands=[
            BrandCount(brand=brand, num_products=number)
            for brand, number in _count_families((each, each.brand) for each in without("brand") if each.brand)
        ][:MOST_BRANDS],
        prices=count_bands([(each.price, each.shown_as) for each in without("price")]),
        num_with_coupon=_count_covered(without("coupon"), filters),
    )
    variants = Counter(each.shown_as for each in kept)
    first: dict[int, Match] = {}
    for each in _sort(kept, words, named, sort, popularity):
        first.setdefault(each.shown_as, each)
    return Results(list(first.values()), {each.product_id: variants[key] for key, each in first.items()}, facets)


def _count_families(found: Iterable[tuple[Match, Choice]]) -> list[tuple[Choice, int]]:
    """Count for each choice what is shown of it, most first."""
    return Counter(
        choice for _, choice in dict.fromkeys((each.shown_as, choice) for each, choice in found)
    ).most_common()


def _count_covered(found: Iterable[Match], filters: SearchFilters) -> int:
    return len({each.shown_as for each in found if filters.has_coupon(each)}) if filters.coupons else 0


def _sort(
    matches: list[Match],
    words: Sequence[Word],
    named: Mapping[int, float],
    sort: Sort,
    popularity: Mapping[int, float],
) -> list[Match]:
    """Sort by relevance, then popularity, then the index's own order; or by what was asked for instead.

    Products whose whole title was searched come first.
    """
    if sort in ("price_up", "price_down"):
        return sorted(matches, key=lambda each: each.price, reverse=sort == "price_down")
    by_popularity = sorted(matches, key=lambda each: -popularity.get(each.product_id, 0.0))
    if sort == "popularity":
        return by_popularity
    asked = frozenset(part for word in words for each in word for part in each.split())
    shares: dict[str, float] = {}

    def relevance(found: Match) -> float:
        text = found.product_type or found.title
        if text not in shares:
            shares[text] = measure_share(text, asked)
        is_named = found.title.count(" ") < len(asked) and measure_share(found.title, asked) == 1.0
        return -(is_named + max(shares[text], named.get(found.category_id, 0.0)))

    return sorted(by_popularity, key=relevance)


def measure_share(text: str, asked: Collection[str]) -> float:
    """Return the share of a text's words that were searched, in [0, 1]: "Milk" is more of a milk than "Milk Chocolate".

    Args:
        text: what a product is: its type, else its title.
        asked: words of the query, with their alternatives.
    """
    of_text = split_words(text)
    return sum(word in asked for word in of_text) / len(of_text) if of_text else 0.0


def count_bands(prices: Iterable[tuple[float, int]]) -> list[PriceBand]:
    """Count in at most four bands of prices with round bounds, each about as full as the others; none for one price.

    Args:
        prices: with what each is counted under; that counts once in a band.
    """
    found = sorted(prices)
    ordered = [price for price, _ in found]
    quantiles = (ordered[len(ordered) * part // BANDS] for part in range(1, BANDS)) if ordered else ()
    bounds = [bound for bound in dict.fromkeys(map(_round, quantiles)) if ordered[0] < bound <= ordered[-1]]
    if not bounds:
        return []
    edges: list[float | None] = [None, *bounds, None]
    bands = pairwise(edges)
    return [PriceBand(min_price=low, max_price=high, num_products=_count(found, low, high)) for low, high in bands]


def _round(price: float) -> float:
    """Round to one digit that counts: 3.49 to 3, 12,345 to 10,000."""
    return float(f"{price:.0e}")


def _count(prices: Iterable[tuple[float, int]], low: float | None, high: float | None) -> int:
    return len({key for price, key in prices if (low is None or price >= low) and (high is None or price < high)})
