"""An order's events follow it, whatever fails and whoever is killed in between, and nobody has to ask again."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.orm import Session

from api.db.connections import ThreadConnections
from api.db.reader import DatabaseReader
from api.db.writer import DatabaseWriter
from api.orders.outbox import Outbox
from shop.database import open_engine
from shop.migrate import migrate
from shop.tables import Event, Order, PendingOrderEvents
from tests.support.tiny_shop import fill_tiny_shop

CART = {"order_key": "k", "user_id": 1, "items": [{"product_id": 1, "quantity": 1}, {"product_id": 5, "quantity": 1}]}
EVENT = {"event_type": "order", "product_id": 1, "user_id": 1, "request_id": "r-1"}
SECONDS = 30.0


def read_events(engine: Engine) -> list[tuple[str, datetime]]:
    with Session(engine) as session:
        found = session.execute(select(Event.event_key, Event.occurred_at).order_by(Event.event_key))
        return [(key, at) for key, at in found]


def count_pending(engine: Engine) -> int:
    with Session(engine) as session:
        return len(session.scalars(select(PendingOrderEvents.order_id)).all())


def wait_for_delivery(engine: Engine) -> None:
    deadline = time.monotonic() + SECONDS
    while count_pending(engine):
        assert time.monotonic() < deadline, "events of orders were not delivered"
        time.sleep(0.02)


def place(api: TestClient, engine: Engine) -> list[tuple[str, datetime]]:
    """Order; returns the events that belong to it."""
    answer = api.post("/orders", json=CART)
    assert answer.status_code == 201
    with Session(engine) as session:
        ordered_at = session.get_one(Order, answer.json()["order_id"]).ordered_at
    return [("order:k:0", ordered_at), ("order:k:1", ordered_at)]


def test_events_follow_their_order(api: TestClient, published_shop: Engine) -> None:
    expected = place(api, published_shop)

    wait_for_delivery(published_shop)

    assert read_events(published_shop) == expected


def test_events_outlive_a_lost_platform_and_the_process_that_took_the_order(
    published_shop: Engine, open_api: Callable[..., TestClient]
) -> None:
    rename(published_shop, "events", "lost")
    with open_api() as first:
        expected = place(first, published_shop)
    assert count_pending(published_shop) == 1
    rename(published_shop, "lost", "events")

    open_api()
    wait_for_delivery(published_shop)

    assert read_events(published_shop) == expected


def test_what_was_delivered_and_not_crossed_off_is_written_once(api: TestClient, published_shop: Engine) -> None:
    place(api, published_shop)
    wait_for_delivery(published_shop)
    once = read_events(published_shop)

    with Session(published_shop) as session, session.begin():
        [order_id] = session.scalars(select(Order.order_id).order_by(Order.order_id.desc()).limit(1))
        session.execute(
            insert(PendingOrderEvents).values(order_id=order_id, events=[EVENT | {"event_key": once[0][0]}])
        )
    wait_for_delivery(published_shop)

    assert read_events(published_shop) == once


def test_events_that_the_database_refuses_hold_up_no_others(mariadb_url: str) -> None:
    migrate(mariadb_url)
    engine = open_engine(mariadb_url)
    fill_tiny_shop(engine)
    broken: list[dict[str, Any]] = [EVENT | {"event_key": "order:a:0", "request_id": "r" * 65}]
    with Session(engine) as session, session.begin():
        rows = [{"order_id": 1, "events": broken}, {"order_id": 2, "events": [EVENT | {"event_key": "order:b:0"}]}]
        session.execute(insert(PendingOrderEvents), rows)

    asyncio.run(_deliver_all(engine))

    assert [key for key, _ in read_events(engine)] == ["order:b:0"]
    engine.dispose()


def test_a_shop_without_the_table_is_told_of_once_and_again_once_that_changes(
    published_shop: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.orders.outbox.LOOK_SECONDS", 0.01)
    rename(published_shop, "pending_order_events", "lost")

    asyncio.run(_lose_the_table_twice(published_shop))

    told = [record.getMessage() for record in caplog.records if "reason=" in record.getMessage()]
    assert len(told) == 2, told
    assert all("`python -m shop.migrate`" in line for line in told)
    [cause] = [record.getMessage() for record in caplog.records if "cause=" in record.getMessage()]
    assert "no such table: pending_order_events" in cause


async def _lose_the_table_twice(engine: Engine) -> None:
    """Let the outbox look often at a shop that lacks its table, then has it, then lacks it again."""
    reader, writer = DatabaseReader("shop", ThreadConnections(engine), SECONDS), DatabaseWriter("shop", engine, SECONDS)
    looks: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        looks.extend(["look"] if statement.startswith("SELECT pending_order_events") else [])

    async def wait_for_looks() -> None:
        wanted = len(looks) + 10
        async with asyncio.timeout(SECONDS):
            while len(looks) < wanted:
                reader.breaker.succeed()  # as pages do, whose tables are there
                await asyncio.sleep(0.01)

    outbox = asyncio.create_task(Outbox(reader, writer, writer).run())
    await wait_for_looks()
    rename(engine, "lost", "pending_order_events")
    await wait_for_looks()
    rename(engine, "pending_order_events", "lost")
    await wait_for_looks()
    outbox.cancel()
    writer.close()
    reader.close()


def rename(engine: Engine, name: str, new_name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {name} RENAME TO {new_name}"))


async def _deliver_all(engine: Engine) -> None:
    writer = DatabaseWriter("platform", engine, SECONDS)
    reader = DatabaseReader("shop", ThreadConnections(engine), SECONDS)
    outbox = asyncio.create_task(Outbox(reader, writer, writer).run())
    async with asyncio.timeout(SECONDS):
        while await asyncio.to_thread(count_pending, engine):
            await asyncio.sleep(0.02)
    outbox.cancel()
    writer.close()
    reader.close()
