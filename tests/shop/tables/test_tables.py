"""The rules that the database itself enforces, on both databases."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError

from shop.database import session_scope
from shop.tables import Category, Event, Order, Product, ProductReview, User
from tests.support.tiny_shop import START, fill_tiny_shop


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


def test_text_of_any_script_survives(shop: Engine) -> None:
    with session_scope(shop) as session:
        assert session.scalar(select(User.nickname).where(User.user_id == 4)) == "Zoë 🌸"


def test_money_stays_exact(shop: Engine) -> None:
    with session_scope(shop) as session:
        session.add(Product(product_id=7, category_id=1, title="Dear", price=Decimal("9999999999.985")))
        session.flush()
        session.expire_all()

        assert session.get_one(Product, 7).price == Decimal("9999999999.985")
        assert session.get_one(Product, 5).price == Decimal("1.99")


@pytest.mark.parametrize("price", [1.99, Decimal("1.9999")], ids=["float", "four decimals"])
def test_money_that_would_drift_is_refused(shop: Engine, price: object) -> None:
    with pytest.raises(StatementError, match="money"), session_scope(shop) as session:
        session.add(Product(category_id=1, title="Cheap", price=price))


def test_instants_keep_their_microseconds_and_zone(shop: Engine) -> None:
    instant = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)

    with session_scope(shop) as session:
        session.get_one(Order, 1).ordered_at = instant
    with session_scope(shop) as session:
        assert session.get_one(Order, 1).ordered_at == instant


def test_an_instant_without_a_zone_is_refused(shop: Engine) -> None:
    with pytest.raises(StatementError, match="time zone"), session_scope(shop) as session:
        session.get_one(Order, 1).ordered_at = datetime(2026, 1, 1)  # noqa: DTZ001


def test_updated_at_follows_the_databases_clock(shop: Engine) -> None:
    with shop.begin() as connection:
        connection.execute(text("UPDATE products SET stock = 39 WHERE product_id = 1"))
        rows = connection.execute(select(Product.product_id, Product.updated_at)).all()
    stamps = {row.product_id: row.updated_at for row in rows}

    assert abs((datetime.now(UTC) - stamps[1]).total_seconds()) < 60
    assert stamps[3] == START


def test_a_given_updated_at_is_kept(shop: Engine) -> None:
    instant = datetime(2026, 1, 9, tzinfo=UTC)

    with session_scope(shop) as session:
        product = session.get_one(Product, 1)
        product.stock, product.updated_at = 5, instant
    with session_scope(shop) as session:
        assert session.get_one(Product, 1).updated_at == instant


def test_new_rows_are_stamped_by_the_database(shop: Engine) -> None:
    with session_scope(shop) as session:
        session.add(Category(category_id=9, name="New"))
    with session_scope(shop) as session:
        category = session.get_one(Category, 9)

        assert abs((datetime.now(UTC) - category.created_at).total_seconds()) < 60
        assert abs((category.updated_at - category.created_at).total_seconds()) < 1


BROKEN_ROWS = {
    "a negative price": "UPDATE products SET price = -1 WHERE product_id = 1",
    "a negative stock": "UPDATE products SET stock = -1 WHERE product_id = 1",
    "an unknown status": "UPDATE orders SET status = 'lost' WHERE order_id = 1",
    "a quantity of none": "UPDATE order_items SET quantity = 0 WHERE order_item_id = 1",
    "a product of no category": "UPDATE products SET category_id = 99 WHERE product_id = 1",
    "an order of nobody": "UPDATE orders SET user_id = 99 WHERE order_id = 1",
    "a line of no product": "UPDATE order_items SET product_id = 99 WHERE order_item_id = 1",
    "six stars": "UPDATE product_reviews SET rating = 6 WHERE review_id = 1",
    "more than all off": "UPDATE coupons SET discount_value = 101 WHERE coupon_id = 1",
    "a coupon that ends before it starts": "UPDATE coupons SET valid_until = valid_from WHERE coupon_id = 1",
    "a sold product deleted": "DELETE FROM products WHERE product_id = 1",
    "two first pictures": "INSERT INTO product_images (product_id, image_url, position) VALUES (1, '/x.svg', 0)",
}


@pytest.mark.parametrize("statement", BROKEN_ROWS.values(), ids=BROKEN_ROWS.keys())
def test_the_database_refuses(shop: Engine, statement: str) -> None:
    with pytest.raises(DatabaseError), shop.begin() as connection:
        connection.execute(text(statement))


def test_a_product_that_was_never_sold_can_go_with_its_pictures(shop: Engine) -> None:
    with shop.begin() as connection:
        connection.execute(text("DELETE FROM products WHERE product_id = 6"))

        assert connection.scalar(text("SELECT COUNT(*) FROM product_images WHERE product_id = 6")) == 0


def test_the_same_event_is_stored_once(shop: Engine) -> None:
    def event() -> Event:
        return Event(event_key="k1", event_type="click", product_id=1, request_id="r1", occurred_at=START)

    with session_scope(shop) as session:
        session.add(event())
    with pytest.raises(IntegrityError), session_scope(shop) as session:
        session.add(event())


def test_an_event_may_speak_of_a_deleted_product(shop: Engine) -> None:
    with session_scope(shop) as session:
        session.add(Event(event_key="k1", event_type="click", product_id=999, request_id="r1", occurred_at=START))


def test_deleting_a_user_takes_the_reviews_along(shop: Engine) -> None:
    with session_scope(shop) as session:
        session.add(ProductReview(review_id=2, product_id=1, user_id=4, rating=3))
    with shop.begin() as connection:
        connection.execute(text("DELETE FROM users WHERE user_id = 4"))

        assert connection.scalar(select(func.count()).select_from(ProductReview)) == 1
