"""An order's events follow it in a transaction of their own: the order stands alone, and nothing is written twice."""

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text

from shop.database import session_scope
from shop.tables import Event, Order

CART = {"order_key": "k", "user_id": 1, "items": [{"product_id": 1, "quantity": 1}, {"product_id": 5, "quantity": 1}]}


def read_events(engine: Engine) -> list[tuple[Any, ...]]:
    with session_scope(engine) as session:
        found = session.execute(select(Event.event_key, Event.product_id, Event.occurred_at).order_by(Event.event_key))
        return [tuple(row) for row in found]


def test_an_order_stands_though_its_events_fail_and_the_same_key_writes_them(
    api: TestClient, published_shop: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with published_shop.begin() as connection:
        connection.execute(text("ALTER TABLE events RENAME TO lost"))
    with caplog.at_level(logging.WARNING):
        first = api.post("/orders", json=CART)
    with published_shop.begin() as connection:
        connection.execute(text("ALTER TABLE lost RENAME TO events"))
    before = read_events(published_shop)

    again = api.post("/orders", json=CART)

    with session_scope(published_shop) as session:
        order = session.get_one(Order, first.json()["order_id"])
        ordered_at = order.ordered_at
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["order_id"] == first.json()["order_id"]
    assert "order without its events" in caplog.text
    assert before == []
    assert read_events(published_shop) == [("order:k:0", 1, ordered_at), ("order:k:1", 5, ordered_at)]


def test_events_that_are_missing_in_part_are_completed(api: TestClient, published_shop: Engine) -> None:
    api.post("/orders", json=CART)
    whole = read_events(published_shop)
    with session_scope(published_shop) as session:
        session.delete(session.scalars(select(Event).where(Event.event_key == "order:k:0")).one())

    api.post("/orders", json=CART)

    assert read_events(published_shop) == whole
