from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, insert, inspect, update

from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from shop.migrations.change_log import LOG
from shop.tables import Product, ProductImage
from tests.support.database_servers import DatabaseServer
from tests.support.tiny_shop import fill_tiny_shop

SEEN = {
    "its price": (update(Product).where(Product.product_id == 1).values(price=Decimal("9.99")), [1]),
    "its title": (update(Product).where(Product.product_id == 1).values(title="Oat milk"), [1]),
    "its brand": (update(Product).where(Product.product_id == 1).values(brand="Meadow"), [1]),
    "its case": (update(Product).where(Product.product_id == 1).values(title="A thing"), [1]),
    "its regular price": (update(Product).where(Product.product_id == 1).values(regular_price=Decimal(90)), [1]),
    "its family": (update(Product).where(Product.product_id == 1).values(family_id=7), [1]),
    "hidden": (update(Product).where(Product.product_id == 1).values(is_visible=False), [1]),
    "sold out": (update(Product).where(Product.product_id == 1).values(stock=0), [1]),
    "a picture": (insert(ProductImage).values(product_id=1, image_url="/a.png", position=90), [1]),
}
UNSEEN = {
    "one unit sold": update(Product).where(Product.product_id == 1).values(stock=Product.stock - 1),
    "described": update(Product).where(Product.product_id == 1).values(description="More words."),
    "the same again": update(Product).where(Product.product_id == 1).values(title=Product.title),
}


def read_log(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql(f"SELECT product_id FROM {LOG} ORDER BY change_id")]


@contextmanager
def noting(engine: Engine) -> Iterator[list[int]]:
    """Gather the products that are noted while the block runs."""
    before, noted = len(read_log(engine)), list[int]()
    yield noted
    noted += read_log(engine)[before:]


@pytest.mark.parametrize(("statement", "products"), SEEN.values(), ids=SEEN.keys())
def test_what_shoppers_see_is_noted_once(any_empty_shop: Engine, statement: Any, products: list[int]) -> None:
    fill_tiny_shop(any_empty_shop)

    with noting(any_empty_shop) as noted, any_empty_shop.begin() as connection:
        connection.execute(statement)

    assert noted == products


@pytest.mark.parametrize("statement", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_they_do_not_see_is_not(any_empty_shop: Engine, statement: Any) -> None:
    fill_tiny_shop(any_empty_shop)

    with noting(any_empty_shop) as noted, any_empty_shop.begin() as connection:
        connection.execute(statement)

    assert noted == []


def test_pictures_that_move_and_products_that_go_are_noted(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    with any_empty_shop.begin() as connection:
        connection.execute(delete(ProductImage))
        connection.execute(insert(Product).values(product_id=99, category_id=1, title="Tea", price=Decimal(1), stock=1))
        connection.execute(insert(ProductImage).values(image_id=1, product_id=1, image_url="/a.png", position=0))

    with noting(any_empty_shop) as moved, any_empty_shop.begin() as connection:
        connection.execute(update(ProductImage).values(product_id=99))
    with noting(any_empty_shop) as gone, any_empty_shop.begin() as connection:
        connection.execute(delete(ProductImage))
        connection.execute(delete(Product).where(Product.product_id == 99))

    assert sorted(moved) == [1, 99]
    assert gone == [99, 99]


def test_what_was_rolled_back_is_not_noted(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)

    with noting(any_empty_shop) as noted, any_empty_shop.connect() as connection:
        connection.execute(update(Product).values(price=Decimal(1)))
        connection.rollback()

    assert noted == []


def test_the_copy_of_a_mapped_shop_has_one(any_shop_url: str) -> None:
    engine = open_engine(any_shop_url)
    migrate(engine, PLATFORM)

    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO products (product_id, category_id, title, price, stock, is_visible) "
            "VALUES (4, 1, 'Tea', 2, 1, 1)"
        )

    assert read_log(engine) == [4]
    engine.dispose()


def test_a_server_that_takes_no_triggers_is_migrated_without(any_server: DatabaseServer) -> None:
    url = any_server.create_database()
    with any_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@log_bin")
        has_binary_log = cursor.fetchone() == (1,)
        cursor.execute("SET GLOBAL log_bin_trust_function_creators = 0")
    engine = open_engine(url)
    try:
        migrate(engine)
        assert (LOG in inspect(engine).get_table_names()) is not has_binary_log
        fill_tiny_shop(engine)
    finally:
        with any_server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL log_bin_trust_function_creators = 1")
    migrate(engine)
    assert LOG in inspect(engine).get_table_names()
    engine.dispose()
    any_server.drop_database(url)


def test_triggers_that_are_missing_or_other_are_made_anew(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    other = "WHEN 1 = 0 BEGIN SELECT 1; END" if any_empty_shop.dialect.name == "sqlite" else "SET @nothing = 1"
    with any_empty_shop.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER tr_{LOG}_image_insert")
        connection.exec_driver_sql(f"DROP TRIGGER tr_{LOG}_product_update")
        connection.exec_driver_sql(
            f"CREATE TRIGGER tr_{LOG}_product_update AFTER UPDATE ON products FOR EACH ROW {other}"
        )

    migrate(any_empty_shop)

    for statement in (SEEN["its price"][0], SEEN["a picture"][0]):
        with noting(any_empty_shop) as noted, any_empty_shop.begin() as connection:
            connection.execute(statement)
        assert noted == [1]


def test_migrating_again_leaves_triggers_alone(any_empty_shop: Engine) -> None:
    made = list[str]()
    event.listen(any_empty_shop, "before_cursor_execute", lambda *given: made.append(given[2]))

    migrate(any_empty_shop)

    assert not [statement for statement in made if "TRIGGER " in statement]
