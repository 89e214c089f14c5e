from decimal import Decimal

import pytest
from sqlalchemy import Engine, delete, update

from api.queries.search import fetch_matches, fetch_texts, fetch_texts_of
from shop.database import session_scope
from shop.tables import Product
from tests.support.tiny_shop import fill_tiny_shop

MORE = [
    # product_id, category_id, title, brand, product_type, stock
    (7, 1, "서울우유 저지방", "서울", "우유", 5),
    (8, 3, "7-Up 1 l", "Fizz", "Lemonade", 5),
    (9, 2, "NEAR East Pita", None, None, 5),
]


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    """The tiny shop and three products more, on each of the three databases in turn."""
    fill_tiny_shop(any_empty_shop)
    names = ("product_id", "category_id", "title", "brand", "product_type", "stock")
    with session_scope(any_empty_shop) as session:
        session.add_all(Product(price=Decimal(1), **dict(zip(names, row, strict=True))) for row in MORE)
    return any_empty_shop


def find(engine: Engine, *words: str, category_ids: tuple[int, ...] = (), not_of: tuple[int, ...] = ()) -> list[int]:
    """Search for words, each with its alternatives after a bar; the ids that are found, in order."""
    with engine.connect() as connection:
        found = fetch_matches(connection, [word.split("|") for word in words], category_ids, not_of)
    return sorted(each.product_id for each in found)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["milk"], [1]),
        (["ilk"], [1]),
        (["우유"], [7]),
        (["서울우유"], [7]),
        (["milk|우유"], [1, 7]),
        (["milk|우유", "저지방"], [7]),
        (["fizz"], [5, 6, 8]),
        (["juice", "fizz"], [6]),
        (["bread", "fizz"], []),
        (["l"], [1, 5, 6, 8]),
        (["7", "up"], [8]),
        (["near"], [9]),
        (["orange juice"], [6]),
        (["yogurt"], []),
        (["pie"], []),
        (["z" * 100], []),
    ],
)
def test_what_holds_every_word_is_found(shop: Engine, words: list[str], found: list[int]) -> None:
    assert find(shop, *words) == found


def test_departments_add_what_stands_in_them(shop: Engine) -> None:
    assert find(shop, "white", category_ids=(3,)) == [3, 5, 6, 8]
    assert find(shop, "fizz", not_of=(3,)) == []


def test_the_index_follows_what_becomes_of_a_product(shop: Engine) -> None:
    with session_scope(shop) as session:
        session.execute(update(Product).where(Product.product_id == 9).values(title="Flat Bread", stock=3))
        session.execute(update(Product).where(Product.product_id == 8).values(stock=0))
        session.execute(delete(Product).where(Product.product_id == 7))

    assert find(shop, "pita") == find(shop, "우유") == find(shop, "lemonade") == []
    assert find(shop, "bread") == [3, 9]


def test_texts_come_piece_by_piece(shop: Engine) -> None:
    with shop.connect() as connection:
        first, rest = fetch_texts(connection, -1, 3), fetch_texts(connection, 6, 3)
        some = fetch_texts_of(connection, [8, 2, 999, 7])

    assert [each.product_id for each in first] == [1, 3, 5]
    assert [(each.product_id, each.brand, each.product_type) for each in rest] == [
        (7, "서울", "우유"),
        (8, "Fizz", "Lemonade"),
        (9, None, None),
    ]
    assert sorted(some) == rest[:2]
