from decimal import Decimal

from sqlalchemy import Engine, delete, update

from api.queries.catalogue import SellableProduct, fetch_sellable
from shop.database import session_scope
from shop.tables import Product, ProductImage
from tests.tiny_shop import fill_tiny_shop

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

    assert found == {3: SellableProduct(3, 2, ODD_TITLE, 9999999999.99, "/a.jpg")}


def test_what_cannot_be_sold_is_absent(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)

    with any_empty_shop.connect() as connection:
        assert fetch_sellable(connection, range(1, 10)).keys() == {1, 3, 5, 6}
        assert fetch_sellable(connection, []) == {}
