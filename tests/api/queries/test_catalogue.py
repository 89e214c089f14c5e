from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, update

from api.orders.pricing import CheckoutError, price_lines
from api.queries.catalogue import SellableProduct, fetch_any_sellable, fetch_product, fetch_sellable
from api.schemas import CartLine
from shop.database import session_scope
from shop.money import DOLLAR
from shop.tables import Product, ProductImage
from tests.support.tiny_shop import fill_tiny_shop

ODD_TITLE = 'Käse "jung" \\ 100 % <b>\n🧀\t{"a": [1]}'


def test_whatever_stands_in_a_title_arrives_as_it_is(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    with session_scope(any_empty_shop) as session:
        session.execute(
            update(Product).where(Product.product_id == 3).values(title=ODD_TITLE, price=Decimal("9999999999.99"))
        )
        session.execute(delete(ProductImage))
        session.add(ProductImage(product_id=3, image_url="/b.jpg?x=1&y='2'", position=5))
        session.add(ProductImage(product_id=3, image_url="/a.jpg", position=4))

    with any_empty_shop.connect() as connection:
        found = fetch_sellable(connection, [3, 3, 999])

    assert found == {3: SellableProduct(3, 2, ODD_TITLE, 9999999999.99, "/a.jpg", None, "Bread")}


def test_what_cannot_be_sold_is_absent(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)

    with any_empty_shop.connect() as connection:
        assert fetch_sellable(connection, range(1, 10)).keys() == {1, 3, 5, 6}
        assert fetch_sellable(connection, []) == {}


@pytest.mark.parametrize(
    "price", ["9e999", "-9e999", "'dear'", "-1"], ids=["infinite", "less than all", "text", "negative"]
)
def test_a_product_whose_price_is_none_costs_itself(tiny_shop: Engine, price: str) -> None:
    with tiny_shop.connect() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql(f"UPDATE products SET price = {price} WHERE product_id = 1")

        assert fetch_sellable(connection, [1, 3, 5]).keys() == {3, 5}
        assert [each.product_id for each in fetch_any_sellable(connection, 9)] == [6, 5, 3]
        assert fetch_product(connection, 1) is None
        with pytest.raises(CheckoutError):
            price_lines(connection, [CartLine(product_id=1, quantity=1)], DOLLAR)


@pytest.mark.parametrize("regular_price", ["9e999", "'dear'", "-1", "2.5", "NULL"])
def test_a_product_whose_regular_price_is_none_is_not_reduced(tiny_shop: Engine, regular_price: str) -> None:
    with tiny_shop.connect() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql(f"UPDATE products SET regular_price = {regular_price} WHERE product_id = 1")

        assert fetch_sellable(connection, [1])[1].regular_price is None


def test_a_text_that_is_not_utf8_is_shown_as_far_as_it_is_and_counted(api: TestClient, tiny_shop: Engine) -> None:
    with tiny_shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET title = CAST(X'4dff' AS TEXT) WHERE product_id = 1")
        connection.exec_driver_sql("UPDATE users SET nickname = CAST(X'ff' AS TEXT) WHERE user_id = 1")

    answer = api.get("/recommendations/home", params={"user_id": 1, "limit": 3})

    titles = {product["product_id"]: product["title"] for product in answer.json()["recommendations"]}
    assert (answer.status_code, answer.headers["x-rung"]) == (200, "published")
    assert titles == {1: "M\ufffd", 3: "White Bread", 5: "Cola 2 l"}
    assert api.get("/products/1").json()["title"] == "M\ufffd"
    assert 'api_unusable_items_total{kind="text"}' in api.get("/metrics").text
