"""Choices as each of the three databases keeps and reads them, and what is read of the shop for them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Engine

from api.queries.catalogue import fetch_any_sellable
from api.queries.choices import ChosenProduct, fetch_choices, undo_choice, write_choice
from api.queries.chosen_products import fetch_only_given, list_conditions
from api.queries.published import ListRequest, fetch_lists
from api.queries.purchases import fetch_habits
from api.schemas import MAX_ID
from shop.tables import GIFT, NOT_INTERESTED_PRODUCT
from tests.api.conftest import publish_by_hand
from tests.support.tiny_shop import day, fill_tiny_shop

MILK = ChosenProduct(GIFT, 1, "Milk", 1, order_id=2)
COLA = ChosenProduct(NOT_INTERESTED_PRODUCT, 5, "Cola", 3)


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    fill_tiny_shop(any_empty_shop)
    publish_by_hand(any_empty_shop)
    return any_empty_shop


def choosers(shop: Engine, *user_ids: int | None) -> set[int | None]:
    """Return those who have made choices, among some who are asked for at once."""
    with shop.connect() as connection:
        lists = fetch_lists(connection, [ListRequest(user_id) for user_id in user_ids])
    return {request.user_id for request, found in lists.items() if found.has_choices}


def test_who_has_choices_is_told_with_the_lists(shop: Engine) -> None:
    assert choosers(shop, 1, 2, None) == set()

    write_choice(shop, 1, MILK)
    last, _ = write_choice(shop, 4, COLA)
    write_choice(shop, 1, COLA)

    assert choosers(shop, 1, 2, 4, None) == {1, 4}, "4 has no list"
    assert choosers(shop, 1) == {1}
    assert choosers(shop, None) == set()
    undo_choice(shop, 4, last.choice_id)
    assert choosers(shop, 1, 2, 4) == {1}


def test_all_who_ask_at_once_are_told_however_long_their_ids_are(shop: Engine) -> None:
    users = [MAX_ID - number for number in range(100)]
    for user_id in users[:80]:
        write_choice(shop, user_id, MILK)

    assert choosers(shop, *users) == set(users[:80])


def test_a_choice_is_one_row_however_many_make_it_at_once(shop: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        written = list(threads.map(lambda _: write_choice(shop, 1, COLA), range(8)))

    assert [is_new for _, is_new in written].count(True) == 1
    with shop.connect() as connection:
        [choice] = fetch_choices(connection, 1)
    assert {stored for stored, _ in written} == {choice}
    assert (choice.kind, choice.product_id, choice.product_type, choice.order_id) == (COLA.kind, 5, "Cola", 0)
    assert isinstance(choice.made_at, datetime)


def test_habits_count_no_gifts(shop: Engine) -> None:
    with shop.connect() as connection:
        all_orders = fetch_habits(connection, 1, day(25))
        without = fetch_habits(connection, 1, day(25), [(2, 1), (3, 1), (1, 3)])
        given = fetch_only_given(connection, 1, [(2, 1), (1, 3), (2, 3)])

    assert {product: habit.num_orders for product, habit in all_orders.items()} == {1: 4, 3: 2}
    assert {product: habit.num_orders for product, habit in without.items()} == {1: 2, 3: 1}
    assert given == {3}


def test_kinds_are_left_out_of_whatever_can_be_sold(shop: Engine) -> None:
    with shop.begin() as connection:
        connection.exec_driver_sql("UPDATE products SET product_type = NULL WHERE product_id = 6")
        connection.exec_driver_sql("UPDATE products SET product_type = '' WHERE product_id = 1")

        refused: list[tuple[str | int, ...]] = [(), ("Bread",), (3,), (1, "Cola")]
        found = {
            kinds: fetch_any_sellable(connection, 9, conditions=list_conditions([], [], kinds)) for kinds in refused
        }

    ids = {kinds: [product.product_id for product in products] for kinds, products in found.items()}
    assert ids == {(): [6, 5, 3, 1], ("Bread",): [6, 5, 1], (3,): [5, 3, 1], (1, "Cola"): [6, 3]}
