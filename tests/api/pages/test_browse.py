from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from shop.database import session_scope
from shop.tables import Product, ProductCategory, RecommendationBatch
from tests.api.conftest import publish_by_hand
from tests.api.test_faults import lose_database, wait_for_fallback


def walk(api: TestClient, **query: object) -> list[list[int]]:
    """Follow the cursors to the end, page by page."""
    pages, cursor = [], None
    while True:
        page = api.get("/products", params=query | ({"cursor": cursor} if cursor else {})).json()
        pages.append([product["product_id"] for product in page["products"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return pages


def test_a_department_lists_what_else_stands_in_it_each_once(
    open_api: Callable[[], TestClient], published_shop: Engine
) -> None:
    with session_scope(published_shop) as session:
        further = [(1, 3), (2, 3), (3, 3), (4, 3), (5, 3), (1, 1)]  # 2 is hidden, 4 is sold out, 5 is there already
        session.add_all(
            ProductCategory(product_category_id=key, product_id=product, category_id=category)
            for key, (product, category) in enumerate(further)
        )

    api = open_api()

    assert sorted(walk(api, category_id=3)[0]) == [1, 3, 5, 6]
    assert [product for page in walk(api, category_id=3, limit=1) for product in page] == walk(api, category_id=3)[0]
    assert walk(api, category_id=1) == [[1]]


def test_departments_stand_in_the_order_of_the_menu(api: TestClient) -> None:
    categories = api.get("/categories").json()["categories"]

    assert [(each["category_id"], each["name"]) for each in categories] == [(1, "Dairy"), (2, "Bakery"), (3, "Drinks")]


def test_a_department_shows_what_can_be_sold_the_popular_first(api: TestClient) -> None:
    assert walk(api, category_id=3) == [[5, 6]]
    assert walk(api, category_id=1) == [[1]]


def test_walking_on_shows_every_product_once(tiny_shop: Engine, open_api: Callable[..., TestClient]) -> None:
    publish_by_hand(tiny_shop)
    with session_scope(tiny_shop) as session:
        session.add_all(
            Product(product_id=100 + number, category_id=3, title=f"Tonic {number}", price=1, stock=1)
            for number in range(7)
        )

    pages = walk(open_api(), category_id=3, limit=2)

    assert pages == [[5, 6], [100, 101], [102, 103], [104, 105], [106]]


def test_a_walk_keeps_the_order_of_the_batch_that_it_began_with(api: TestClient, published_shop: Engine) -> None:
    first = api.get("/products", params={"category_id": 3, "limit": 1}).json()

    publish_by_hand(published_shop, {}, "20260127T120000Z-v9", epoch=2)

    assert "20260125T120000Z-v7" in first["next_cursor"]
    second = api.get("/products", params={"category_id": 3, "limit": 1, "cursor": first["next_cursor"]}).json()
    assert [product["product_id"] for product in second["products"]] == [6]


@pytest.mark.parametrize(
    ("query", "found"),
    [("milk", [1]), ("WHITE bread", [3]), ("bread white", [3]), ("100%", []), ("_", []), ("yogurt", []), ("  ", None)],
)
def test_a_search_finds_titles_that_hold_all_words(api: TestClient, query: str, found: list[int] | None) -> None:
    [page] = walk(api, query=query)

    assert sorted(page) == ([1, 3, 5, 6] if found is None else found)


@pytest.mark.parametrize("cursor", ["x", "popular", "rest.-1.b", "rest.٣.b", "popular.99999999999999999999.b"])
def test_a_cursor_of_somebody_else_gets_422(api: TestClient, cursor: str) -> None:
    answer = api.get("/products", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_without_the_database_the_local_copy_answers(api: TestClient, tmp_path: Path) -> None:
    api.get("/categories")
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    assert len(api.get("/categories").json()["categories"]) == 3
    assert walk(api, category_id=3) == [[5, 6]]
    assert walk(api, query="cola") == [[5]]


def test_departments_outlive_a_restart_without_the_database(
    published_shop: Engine, open_api: Callable[..., TestClient], tmp_path: Path
) -> None:
    open_api()
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    assert len(open_api().get("/categories").json()["categories"]) == 3


@pytest.mark.parametrize(
    "query",
    [{"query": "yogurt"}, {"cursor": "popular.2.20260125T120000Z-v7"}],
    ids=["a search that the copy cannot answer", "what follows a page"],
)
def test_what_the_local_copy_cannot_say_is_not_called_nothing(
    api: TestClient, tmp_path: Path, query: dict[str, str]
) -> None:
    wait_for_fallback(tmp_path)
    lose_database(tmp_path)

    answer = api.get("/products", params=query)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_cursor_that_names_a_coming_batch_empties_no_rung_of_it(
    published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    api, coming = open_api(), "20260127T120000Z-v9"
    for number in range(5):
        for batch_id in (coming, f"made-up-{number}"):
            assert api.get("/products", params={"cursor": f"popular.0.{batch_id}"}).status_code == 200

    publish_by_hand(published_shop, {}, coming, epoch=2)

    home = api.get("/recommendations/home", params={"limit": 3})
    assert (home.headers["x-batch-id"], home.headers["x-rung"]) == (coming, "popular")
    assert walk(api, limit=3)[0] == [1, 3, 5]


def test_a_batch_that_is_being_written_is_not_walked_through(api: TestClient, published_shop: Engine) -> None:
    coming = "20260127T120000Z-v9"
    publish_by_hand(published_shop, {}, coming, epoch=2)
    with session_scope(published_shop) as session:
        session.get_one(RecommendationBatch, coming).state = "writing"

    page = api.get("/products", params={"category_id": 3, "limit": 1, "cursor": f"popular.1.{coming}"}).json()

    assert [product["product_id"] for product in page["products"]] == [5]
