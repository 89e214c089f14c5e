"""What an order's events say; `test_checkout.py` shows which answers they name."""

from typing import Any

from api.orders.order_events import list_order_events
from api.schemas import Checkout
from api.web.request_ids import RequestIds

ITEMS = [{"product_id": 1, "quantity": 1}, {"product_id": 5, "quantity": 2}]


def test_each_line_is_an_event_with_a_key_of_its_own() -> None:
    checkout = Checkout.model_validate({"order_key": "k", "user_id": 1, "items": ITEMS})

    events: list[dict[str, Any]] = list_order_events(checkout, "r-1", RequestIds(b"a key of this test"))

    assert [(event["event_key"], event["product_id"]) for event in events] == [("order:k:0", 1), ("order:k:1", 5)]
    assert {(event["event_type"], event["user_id"], event["request_id"]) for event in events} == {("order", 1, "r-1")}
