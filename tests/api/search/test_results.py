from datetime import UTC, datetime
from decimal import Decimal

import pytest

from api.queries.coupons import HeldCoupon
from api.queries.search import Match
from api.search.results import SearchFilters, Sort, arrange, count_bands, measure_share

FOUND = [
    Match(1, 1, "Cocoa Bar", "Alpine", "Milk Chocolate", 3.0, -1),
    Match(2, 1, "Skim", "Alpine", "Milk", 1.0, -2),
    Match(3, 2, "Pan", None, "Milk Pan", 9.0, -3),
    Match(4, 1, "Whole", "Farm", "Milk", 2.0, -4),
]
MILK = [("milk",)]
COUPON = HeldCoupon(1, 1, "A", "A", "percent", Decimal(10), datetime(2030, 1, 1, tzinfo=UTC), None, 2)


def order(sort: Sort, popularity: dict[int, float], named: dict[int, float] | None = None) -> list[int]:
    return [each.product_id for each in arrange(FOUND, MILK, named or {}, SearchFilters(), sort, popularity).matches]


def test_the_more_of_a_type_is_searched_the_earlier_it_comes_and_then_the_more_popular() -> None:
    assert order("relevance", {}) == [2, 4, 1, 3]
    assert order("relevance", {4: 0.5, 3: 0.9}) == [4, 2, 3, 1]


def test_what_stands_in_a_department_that_is_named_is_relevant() -> None:
    assert order("relevance", {}, {2: 1.0}) == [2, 3, 4, 1]


def test_whose_title_is_searched_whole_comes_first() -> None:
    results = arrange(FOUND, [("pan",), ("whole",)], {}, SearchFilters(), "relevance", {1: 1.0})

    assert [each.product_id for each in results.matches][:2] == [3, 4]


def test_other_orders() -> None:
    assert order("price_up", {}) == [2, 4, 1, 3]
    assert order("price_down", {}) == [3, 1, 4, 2]
    assert order("popularity", {3: 2.0, 4: 1.0}) == [3, 4, 1, 2]


@pytest.mark.parametrize(
    ("text", "share"), [("Milk", 1.0), ("Ice Cream Bars", 2 / 3), ("Soymilk", 0.0), ("", 0.0), ("·", 0.0)]
)
def test_relevance_is_the_share_of_the_words(text: str, share: float) -> None:
    assert measure_share(text, {"우유", "milk", "ice", "cream"}) == share


def test_each_facet_counts_under_the_filters_of_the_others() -> None:
    filters = SearchFilters(category_id=1, brand="Alpine", coupons=[COUPON])

    results = arrange(FOUND, MILK, {}, filters, "relevance", {})

    assert [each.product_id for each in results.matches] == [2, 1]
    assert {each.category_id: each.num_products for each in results.facets.categories} == {1: 2}
    assert {each.brand: each.num_products for each in results.facets.brands} == {"Alpine": 2, "Farm": 1}
    assert results.facets.num_with_coupon == 0  # it is for department 2


def test_prices_and_coupons_narrow() -> None:
    cheap = arrange(FOUND, MILK, {}, SearchFilters(min_price=1.0, max_price=3.0), "price_up", {})
    coupon = arrange(FOUND, MILK, {}, SearchFilters(with_coupon=True, coupons=[COUPON]), "price_up", {})

    assert [each.product_id for each in cheap.matches] == [2, 4]
    assert [each.product_id for each in coupon.matches] == [3]
    assert coupon.facets.num_with_coupon == 1


def test_bands_have_round_bounds_and_count_every_price_once() -> None:
    prices = [0.49, 0.99, 1.05, 2.99, 3.49, 3.99, 12.0, 80.0]

    bands = count_bands([(price, place) for place, price in enumerate(prices)])

    assert [(band.min_price, band.max_price, band.num_products) for band in bands] == [
        (None, 1.0, 2),
        (1.0, 3.0, 2),
        (3.0, 10.0, 2),
        (10.0, None, 2),
    ]


@pytest.mark.parametrize("prices", [[], [5.0], [5.0] * 9], ids=["none", "one", "the same"])
def test_one_price_makes_no_bands(prices: list[float]) -> None:
    assert count_bands([(price, place) for place, price in enumerate(prices)]) == []


def test_a_family_stands_once_as_the_variant_that_comes_first() -> None:
    family = [
        Match(11, 1, "Whole Milk 1 l", "Alpine", "Milk", 2.0, 10),
        Match(12, 1, "Whole Milk 2 l", "Alpine", "Milk", 3.5, 10),
        Match(13, 2, "Whole Milk Powder", "Farm", "Milk", 8.0, 10),
    ]

    by_price = arrange([*FOUND, *family], MILK, {}, SearchFilters(), "price_down", {})
    narrowed = arrange([*FOUND, *family], MILK, {}, SearchFilters(category_id=1), "popularity", {12: 1.0})

    assert [each.product_id for each in by_price.matches] == [3, 13, 1, 4, 2]
    assert by_price.num_variants == {3: 1, 13: 3, 1: 1, 4: 1, 2: 1}
    assert [each.product_id for each in narrowed.matches] == [12, 1, 2, 4]
    assert narrowed.num_variants[12] == 2


def test_every_count_counts_a_family_once() -> None:
    family = [
        Match(11, 1, "Whole Milk 1 l", "Alpine", "Milk", 2.0, 10),
        Match(12, 1, "Whole Milk 2 l", "Alpine", "Milk", 2.5, 10),
        Match(13, 2, "Whole Milk Powder", "Alpine", "Milk", 8.0, 10),
    ]

    results = arrange([*FOUND, *family], MILK, {}, SearchFilters(coupons=[COUPON]), "relevance", {})

    assert {each.category_id: each.num_products for each in results.facets.categories} == {1: 4, 2: 2}
    assert {each.brand: each.num_products for each in results.facets.brands} == {"Alpine": 3, "Farm": 1}
    assert results.facets.num_with_coupon == 2
    for band in results.facets.prices:
        chosen = SearchFilters(min_price=band.min_price, max_price=band.max_price)
        shown = arrange([*FOUND, *family], MILK, {}, chosen, "relevance", {})
        assert len(shown.matches) == band.num_products
