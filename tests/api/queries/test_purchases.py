from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, update

from api.queries.purchases import Habit, NotDue, fetch_favourite_categories, fetch_habits, fetch_not_due
from shop.database import session_scope
from shop.tables import Order, OrderItem, Product
from tests.support.tiny_shop import fill_tiny_shop

COLA, DRINKS, ZOE = 5, 3, 4
NOW = datetime.now(UTC)
DAY, LEAST = timedelta(days=1), timedelta(hours=12)


def test_what_is_given_back_is_not_bought(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    write_line(any_empty_shop, order_id=91, quantity=-1)

    with any_empty_shop.connect() as connection:
        assert fetch_not_due(connection, ZOE, NOW - DAY, LEAST) == NotDue(set(), set())
        assert fetch_habits(connection, ZOE, NOW + timedelta(days=1)) == {}
        assert fetch_favourite_categories(connection, ZOE) == []


def test_what_is_bought_is(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    write_line(any_empty_shop, order_id=91, quantity=1)

    with any_empty_shop.connect() as connection:
        assert fetch_not_due(connection, ZOE, NOW - DAY, LEAST) == NotDue({COLA}, set())
        assert fetch_habits(connection, ZOE, NOW + timedelta(days=1))[COLA].num_orders == 1
        assert fetch_favourite_categories(connection, ZOE) == [DRINKS]


def test_a_gift_says_nothing_of_who_gave_it(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    write_line(any_empty_shop, order_id=91, quantity=1, age_days=0.2)
    write_line(any_empty_shop, order_id=92, quantity=1, age_days=8)
    both = {(91, COLA), (92, COLA)}

    with any_empty_shop.connect() as connection:
        assert fetch_not_due(connection, ZOE, NOW - 10 * DAY, LEAST).products == {COLA}
        assert fetch_not_due(connection, ZOE, NOW - 10 * DAY, LEAST, {(92, COLA)}).products == {COLA}
        assert fetch_not_due(connection, ZOE, NOW - 10 * DAY, LEAST, {(91, COLA)}).products == {COLA}
        assert fetch_not_due(connection, ZOE, NOW - 10 * DAY, LEAST, both) == NotDue(set(), set())
        assert fetch_favourite_categories(connection, ZOE, {(91, COLA)}) == [DRINKS]
        assert fetch_favourite_categories(connection, ZOE, both) == []


@pytest.mark.parametrize(
    ("ages", "is_due"),
    [
        ([1.0], False),  # once: a usual interval of 28 days, half of which has to pass
        ([13.9], False),
        ([14.1], True),
        ([4.9, 14.9], False),  # every 10 days
        ([5.1, 15.1], True),
        ([0.4, 0.41, 0.42], False),  # however often within a day
        ([0.6, 0.61, 0.62], True),
    ],
)
def test_a_product_is_due_after_half_of_its_interval(any_empty_shop: Engine, ages: list[float], is_due: bool) -> None:
    fill_tiny_shop(any_empty_shop)
    for number, age in enumerate(ages):
        write_line(any_empty_shop, order_id=91 + number, quantity=1, age_days=age)

    with any_empty_shop.connect() as connection:
        not_due = fetch_not_due(connection, ZOE, NOW - 20 * DAY, LEAST)
        assert not_due.products == (set() if is_due else {COLA})


def test_what_was_ordered_before_the_window_is_the_rankers_to_judge(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    write_line(any_empty_shop, order_id=91, quantity=1, age_days=2)

    with any_empty_shop.connect() as connection:
        assert fetch_not_due(connection, ZOE, NOW - DAY, LEAST).products == set()
        assert fetch_not_due(connection, ZOE, NOW - 3 * DAY, LEAST).products == {COLA}


def test_the_family_of_what_was_bought_waits_with_it(any_empty_shop: Engine) -> None:
    fill_tiny_shop(any_empty_shop)
    with session_scope(any_empty_shop) as session:
        session.execute(update(Product).where(Product.product_id == COLA).values(family_id=7))
    write_line(any_empty_shop, order_id=91, quantity=1)

    with any_empty_shop.connect() as connection:
        assert fetch_not_due(connection, ZOE, NOW - DAY, LEAST) == NotDue({COLA}, {7})


def test_the_mean_interval_counts_from_the_first_order_to_the_last() -> None:
    habit = Habit(3, NOW - 20 * DAY, NOW)

    assert (habit.days_between, habit.find_due(LEAST)) == (10.0, NOW + 5 * DAY)


def write_line(shop: Engine, order_id: int, quantity: int, age_days: float = 1 / 24) -> None:
    """Let Zoë order cola, or give it back, so many days ago."""
    stamps = {"created_at": NOW, "updated_at": NOW}
    order = Order(
        order_id=order_id, user_id=ZOE, ordered_at=NOW - timedelta(days=age_days), total_amount=Decimal(2), **stamps
    )
    line = OrderItem(order_item_id=order_id, order_id=order_id, product_id=COLA, quantity=quantity, **stamps)
    line.unit_price = Decimal(2)
    with session_scope(shop) as session:
        session.add(order)
        session.flush()
        session.add(line)
