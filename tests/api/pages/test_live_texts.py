"""Searches find what the shop holds when they are asked, from memory, on each of the databases."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, update

from api.pages import live_texts, search
from shop.database import session_scope
from shop.migrations.change_log import LOG
from shop.tables import Product
from tests.api.pages.test_search import api  # noqa: F401  (a fixture)


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch, api: TestClient) -> TestClient:  # noqa: F811
    """An API whose searches fail if they ask the database to find something."""

    def refuse(*_: object) -> None:
        raise AssertionError("the database searched")

    monkeypatch.setattr(search, "fetch_matches", refuse)
    return api


def find(client: TestClient, query: str) -> list[int]:
    answer = client.get("/catalogue/search", params={"query": query})
    assert answer.status_code == 200, answer.text
    return [each["product_id"] for each in answer.json()["products"]]


def test_what_changes_is_found_as_it_is_at_once(no_database: TestClient, published_shop: Engine) -> None:
    assert find(no_database, "cola") == [5]

    with session_scope(published_shop) as session:
        session.execute(
            update(Product).where(Product.product_id == 5).values(title="Ginger Ale 2 l", product_type="Ale")
        )
        session.add(Product(product_id=80, category_id=1, title="Cola Chicken", price=Decimal(2), stock=1))
        session.execute(update(Product).where(Product.product_id == 1).values(stock=0))
        session.execute(update(Product).where(Product.product_id == 3).values(brand="Meadow"))

    assert find(no_database, "cola") == [80]
    assert find(no_database, "ginger ale") == [5]
    assert find(no_database, "whole milk") == []
    assert find(no_database, "meadow") == [3]

    with session_scope(published_shop) as session:
        session.execute(delete(Product).where(Product.product_id == 80))

    assert find(no_database, "chicken") == []


def test_when_too_much_changes_at_once_the_database_searches(
    monkeypatch: pytest.MonkeyPatch,
    api: TestClient,  # noqa: F811
    published_shop: Engine,
) -> None:
    monkeypatch.setattr("api.queries.catalogue_changes.MOST_CHANGES", 3)
    with published_shop.begin() as connection:
        for _ in range(2):
            connection.exec_driver_sql(f"INSERT INTO {LOG}(product_id) VALUES (3), (3)")
        connection.execute(update(Product).where(Product.product_id == 5).values(title="Ginger Ale"))

    assert find(api, "ginger") == [5]


@pytest.mark.parametrize("most", [1, 500_000], ids=["more than are known", "without a log"])
def test_what_is_not_in_memory_the_database_finds(
    monkeypatch: pytest.MonkeyPatch, published_shop: Engine, open_api: Callable[..., TestClient], most: int
) -> None:
    monkeypatch.setattr(live_texts, "MOST_TEXTS", most)
    if most > 1:
        monkeypatch.setattr(live_texts, "has_change_log", lambda _: False)
    client = open_api()

    assert find(client, "cola") == [5]
