from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from api.queries.catalogue import fetch_favourite_categories
from api.queries.purchases import fetch_habits, fetch_just_bought
from shop.database import session_scope
from shop.tables import Order, OrderItem
from tests.support.tiny_shop import fill_tiny_shop

COLA, DRINKS, ZOE = 5, 3, 4
NOW = datetime.now(UTC)


def test_what_is_given_back_is_not_bought(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    write_line(any_empty_shop, order_id=91, quantity=-1)

    with any_empty_shop.connect() as connection:
        assert fetch_just_bought(connection, ZOE, hours=12) == set()
        assert fetch_habits(connection, ZOE, NOW + timedelta(days=1)) == {}
        assert fetch_favourite_categories(connection, ZOE) == []


def test_what_is_bought_is(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    write_line(any_empty_shop, order_id=91, quantity=1)

    with any_empty_shop.connect() as connection:
        assert fetch_just_bought(connection, ZOE, hours=12) == {COLA}
        assert fetch_habits(connection, ZOE, NOW + timedelta(days=1))[COLA].num_orders == 1
        assert fetch_favourite_categories(connection, ZOE) == [DRINKS]


def write_line(shop: Engine, order_id: int, quantity: int) -> None:
    """Let Zoë order cola, or give it back, an hour ago."""
    stamps = {"created_at": NOW, "updated_at": NOW}
    order = Order(
        order_id=order_id, user_id=ZOE, ordered_at=NOW - timedelta(hours=1), total_amount=Decimal(2), **stamps
    )
    line = OrderItem(order_item_id=order_id, order_id=order_id, product_id=COLA, quantity=quantity, **stamps)
    line.unit_price = Decimal(2)
    with session_scope(shop) as session:
        session.add(order)
        session.flush()
        session.add(line)
