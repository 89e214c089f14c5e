import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from shop.database import session_scope
from shop.storefront.document import write_document
from shop.tables import Category, Coupon, Product, UserCoupon
from tests.api.test_faults import lose_database, wait_for_fallback
from tests.support.tiny_shop import START, day

DOCUMENT = """
[departments]
Drinks = { name.ko = "음료" }
Spirits = { restricted = true }
[search.synonyms]
"우유" = ["milk"]
"""


@pytest.fixture
def api(published_shop: Engine, open_api: Callable[..., TestClient]) -> TestClient:
    """An API over the published tiny shop with a restricted department, which has learned the shop's words."""
    with session_scope(published_shop) as session:
        session.add(Category(category_id=4, name="Spirits", position=4))
        session.add(Product(product_id=7, category_id=4, title="Milk Liqueur", brand="Alpine", price=9, stock=5))
    with published_shop.begin() as connection:
        write_document(connection, DOCUMENT)
    started = open_api()
    deadline = time.monotonic() + 90
    while not suggest(started, "drinks"):
        assert time.monotonic() < deadline, "the vocabulary was not learned"
        time.sleep(0.05)
    return started


def search(api: TestClient, **params: Any) -> dict[str, Any]:
    answer = api.get("/catalogue/search", params=params)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def ids(page: dict[str, Any]) -> list[int]:
    return [product["product_id"] for product in page["products"]]


def suggest(api: TestClient, typed: str) -> list[tuple[str, str]]:
    answer = api.get("/catalogue/suggestions", params={"query": typed})
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["text"]) for each in answer.json()["suggestions"]]


@pytest.mark.parametrize(
    ("query", "found", "corrected"),
    [
        ("milk", [1], None),
        ("우유", [1], None),
        ("음료", [5, 6], None),
        ("drinks", [5, 6], None),
        ("mlik", [1], "milk"),
        ("yogurt", [], None),  # hidden
        ("pie", [], None),  # sold out
        ("liqueur", [], None),  # of a restricted department
        ("spirits", [], None),
        ("milk juice", [], None),
    ],
)
def test_a_search_finds_what_is_meant_and_may_be_shown(
    api: TestClient, query: str, found: list[int], corrected: str | None
) -> None:
    page = search(api, query=query)

    assert sorted(ids(page)) == found
    assert (page["total"], page["is_total_exact"], page["corrected_query"]) == (len(found), True, corrected)


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', "*", "NEAR", "-", 'a" OR "b', "milk*", "NEAR(a b)", "%", "_", "'; DROP TABLE products", "\0"],
)
@pytest.mark.parametrize("path", ["/catalogue/search", "/catalogue/suggestions"])
def test_signs_of_query_languages_are_no_words(api: TestClient, path: str, query: str) -> None:
    assert api.get(path, params={"query": query}).status_code == 200


@pytest.mark.parametrize(
    "params",
    [{"query": "x" * 10_000}, {}, {"query": "milk", "sort": "x"}, {"query": "milk", "min_price": "nan"}],
    ids=["10 kB", "no query", "an unknown order", "no price"],
)
def test_what_is_no_search_gets_422(api: TestClient, params: dict[str, str]) -> None:
    assert api.get("/catalogue/search", params=params).status_code == 422


def test_pages_of_a_search_show_every_product_once(api: TestClient) -> None:
    pages = [ids(search(api, query="l", sort="price_down", limit=2, offset=offset)) for offset in (0, 2, 4)]

    assert pages == [[6, 1], [5], []]


def test_a_family_is_one_card_with_its_number_of_variants(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        for product_id, size in ((31, "1 l"), (32, "2 l"), (33, "3 l")):
            session.add(
                Product(product_id=product_id, category_id=1, title=f"Kefir {size}", price=3, stock=5, family_id=31)
            )

    page = search(api, query="kefir", limit=1)
    apart = search(api, query="kefir", limit=1, offset=2, with_variants=True)

    assert ids(page) == [31]
    assert (page["total"], page["products"][0]["num_variants"]) == (1, 3)
    assert page["facets"]["categories"] == [{"category_id": 1, "num_products": 1}]
    assert (ids(apart), apart["total"], apart["products"][0]["num_variants"]) == ([33], 3, 1)


def test_a_search_is_counted_and_narrowed(api: TestClient) -> None:
    page = search(api, query="l", max_price=2.5)

    assert ids(page) == [5]
    assert page["facets"]["categories"] == [{"category_id": 3, "num_products": 1}]
    assert {"brand": "Fizz", "num_products": 1} in page["facets"]["brands"]
    assert ids(search(api, query="l", brand="Fizz", sort="popularity")) == [5, 6]
    assert ids(search(api, query="l", category_id=1)) == [1]


def test_coupons_are_the_shoppers_own(api: TestClient, published_shop: Engine) -> None:
    with session_scope(published_shop) as session:
        terms = {"discount_type": "percent", "discount_value": 5, "valid_from": START}
        session.add(Coupon(coupon_id=9, code="C", name="Cola", valid_until=day(31_000), product_id=5, **terms))
        session.flush()
        session.add(UserCoupon(user_coupon_id=9, user_id=1, coupon_id=9, issued_at=START))

    assert search(api, query="fizz", user_id=1)["facets"]["num_with_coupon"] == 1
    assert search(api, query="fizz")["facets"]["num_with_coupon"] == 0
    assert ids(search(api, query="fizz", user_id=1, with_coupon=True)) == [5]


def test_what_is_typed_is_completed_by_department_kind_brand_and_product(api: TestClient) -> None:
    assert suggest(api, "mi") == [("product_type", "Milk"), ("product", "Whole Milk 1 l")]
    assert suggest(api, "음") == [("category", "음료")]
    assert suggest(api, "우") == [("product_type", "우유")]
    assert suggest(api, "fi") == [("brand", "Fizz")]
    assert suggest(api, "yo") == suggest(api, "spir") == suggest(api, "liq") == []


def test_suggestions_may_be_kept_and_searches_may_not(api: TestClient) -> None:
    assert api.get("/catalogue/suggestions?query=mi").headers["cache-control"] == "public, max-age=60"
    assert api.get("/catalogue/search?query=mi").headers["cache-control"] == "private, no-store"


def test_without_the_database_titles_of_the_local_copy_are_searched(api: TestClient, tmp_path: Path) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    assert ids(search(api, query="우유")) == [1]
    assert suggest(api, "mi")
    answer = api.get("/catalogue/search", params={"query": "alpine"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
