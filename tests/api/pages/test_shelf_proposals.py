"""What shelves propose, from what was read: due purchases, new products, a purchase to quote, coupons."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from api.pages.shelf_proposals import (
    BECAUSE_YOU_BOUGHT,
    BUY_AGAIN,
    JUST_IN,
    NEW_FOR_YOU,
    POPULAR,
    WITH_COUPONS,
    Material,
    Rung,
    choose_anchors,
    order_shelves,
    propose_shelves,
)
from api.queries.coupons import HeldCoupon
from api.queries.published import SharedLists
from api.queries.purchases import Habit
from api.queries.ranked_list import Entry

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def rank(*product_ids: int, reason: str = "popular") -> list[Entry]:
    return [Entry(product_id, 1, 1 / place, reason) for place, product_id in enumerate(product_ids, start=1)]


def propose(*listed: int, **fields: object) -> dict[str, list[int]]:
    material = Material(NOW, Rung("published", rank(*listed)), **fields)  # type: ignore[arg-type]
    proposals = propose_shelves(material)
    return {code: [entry[0] for rung in each.rungs for entry in rung.entries] for code, each in proposals.items()}


def hold(product_id: int | None, category_id: int | None) -> HeldCoupon:
    return HeldCoupon(1, 1, "C", "Off", "amount", Decimal(1), NOW, product_id, category_id)


def test_what_is_due_comes_first_in_the_order_of_the_list_then_what_is_not() -> None:
    habits = {
        1: Habit(3, ago(24), ago(4)),  # every 10 days, 4 days ago: not due
        2: Habit(3, ago(26), ago(6)),  # every 10 days, 6 days ago: due
        3: Habit(1, ago(15), ago(15)),  # once: due after half of 28 days
        4: Habit(2, ago(60), ago(30)),  # due, and not in the list
        5: Habit(1, ago(90), ago(90)),  # neither in the list nor bought twice
    }

    assert propose(1, 3, 9, 2, habits=habits)[BUY_AGAIN] == [3, 2, 4, 1]


def test_what_was_never_bought_is_new() -> None:
    assert propose(1, 2, 3, habits={2: Habit(1, ago(9), ago(9))})[NEW_FOR_YOU] == [1, 3]


def test_a_coupon_for_the_whole_shop_makes_no_shelf() -> None:
    assert WITH_COUPONS not in propose(1, 2, coupons=[hold(None, None)])
    assert propose(1, 2, coupons=[hold(2, None)])[WITH_COUPONS] == [2]
    assert propose(1, 2, coupons=[hold(None, 1)])[WITH_COUPONS] == [1, 2]


def test_the_first_purchase_that_enough_goes_with_is_quoted() -> None:
    habits = {each: Habit(1, ago(3), ago(3)) for each in (1, 2, 20)}
    few = [*rank(11, 12, 20, reason="bought_together"), *rank(15, 16, reason="alike")]
    enough = [*rank(20, 11, 12, 13, reason="bought_together"), *rank(15, reason="alike")]
    enough += rank(14, reason="bought_together")
    material = Material(NOW, Rung("published", []), habits, together={1: few, 2: enough})

    proposal = propose_shelves(material)[BECAUSE_YOU_BOUGHT]

    assert proposal.anchor == 2
    assert [entry[0] for entry in proposal.rungs[0].entries] == [11, 12, 13, 14]


def test_notable_purchases_are_recent_and_no_routine() -> None:
    habits = {
        1: Habit(30, ago(300), ago(1)),
        2: Habit(1, ago(20), ago(20)),
        3: Habit(2, ago(40), ago(10)),
        4: Habit(1, ago(57), ago(57)),
    }

    assert choose_anchors(habits, NOW) == [3, 2, 1]


def test_nobody_has_the_popular_shelf_and_what_is_new_in_the_shop() -> None:
    shared = SharedLists(popular=rank(1, 2), newest=rank(3))

    assert propose(shared=shared) == {POPULAR: [1, 2, 3], JUST_IN: [3]}
    assert propose() == {POPULAR: []}


def test_shelves_stand_in_the_order_of_intent() -> None:
    assert order_shelves({POPULAR, JUST_IN, NEW_FOR_YOU, BUY_AGAIN}) == [BUY_AGAIN, NEW_FOR_YOU, POPULAR, JUST_IN]
