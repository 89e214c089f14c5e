"""Outbox of the checkout: takes the events of placed orders from the shop's database to the platform's.

Every order's events go this way, so that one that outlives a lost database or a killed process is nothing special. What
was delivered and not yet crossed off is delivered again, which changes nothing: an event's key is written once.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.db.refusals import LastTrouble
from api.db.writer import DatabaseWriter, RefusedValueError
from api.queries.events import write_order_events
from api.web.metrics import count_unusable
from shop.database import session_scope
from shop.tables import Order, PendingOrderEvents

LOOK_SECONDS = 5.0
"""Between looks for what another process left; an order placed here is delivered at once."""

MOST_AT_ONCE = 50

logger = logging.getLogger(__name__)


class Outbox:
    """Delivers the events of placed orders, for as long as it runs."""

    def __init__(self, reader: DatabaseReader, shop_writer: DatabaseWriter, platform_writer: DatabaseWriter):
        """Deliver nothing yet.

        Args:
            reader: the shop's database, beside the pages' own reads.
            shop_writer: the shop's database.
            platform_writer: the platform's database.
        """
        self._reader = reader
        self._shop_writer = shop_writer
        self._platform_writer = platform_writer
        self._has_more = asyncio.Event()
        self._trouble = LastTrouble()

    def wake(self) -> None:
        """Tell that an order was placed."""
        self._has_more.set()

    async def run(self) -> None:
        """Deliver whenever there is something; while a database fails, it waits where it is, and says so once."""
        while True:
            self._has_more.clear()
            try:
                while await self._deliver() == MOST_AT_ONCE:
                    pass
                self._trouble.end()
            except DatabaseUnavailableError as err:
                if self._trouble.is_new(str(err)):
                    logger.warning("events of orders wait reason=%s", err)
            except Exception as err:  # our own mistake: an ended task would let events pile up unseen
                if self._trouble.is_new(repr(err)):
                    logger.exception("events of orders are not delivered")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._has_more.wait()
            except TimeoutError:
                continue

    async def _deliver(self) -> int:
        """Deliver the oldest; returns of how many orders.

        Raises:
            DatabaseUnavailableError: a database fails; what was not crossed off is delivered again.
        """
        pending = await self._reader.read(fetch_pending)
        for order_id, events in pending.items():
            try:
                await self._platform_writer.write(write_order_events, {event["event_key"]: event for event in events})
            except RefusedValueError as err:  # would be refused for ever; costs itself, not the orders after it
                count_unusable("order_events", f"order {order_id}: {err}")
        if pending:
            await self._shop_writer.write(cross_off, list(pending))
        return len(pending)


def fetch_pending(connection: Connection) -> dict[int, list[dict[str, Any]]]:
    """Read the events of the oldest orders that are not delivered, by order."""
    columns = (PendingOrderEvents.order_id, PendingOrderEvents.events, Order.ordered_at)
    oldest = (
        select(*columns)
        .join(Order, Order.order_id == PendingOrderEvents.order_id)
        .order_by(PendingOrderEvents.order_id)
        .limit(MOST_AT_ONCE)
    )
    return {
        order_id: [event | {"occurred_at": ordered_at} for event in events]
        for order_id, events, ordered_at in connection.execute(oldest)
    }


def cross_off(engine: Engine, order_ids: Collection[int]) -> None:
    """Forget what was delivered.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was crossed off.
    """
    with session_scope(engine) as session:
        session.execute(delete(PendingOrderEvents).where(PendingOrderEvents.order_id.in_(order_ids)))
