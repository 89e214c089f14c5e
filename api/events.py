"""Hop 8: what shoppers saw and did goes back to the shop's database, each event once however often it is sent."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from api.reader import ShopUnavailableError
from api.schemas import EventsReceipt, ShopperEvent
from shop.database import session_scope
from shop.tables import Event

DEADLINE_SECONDS = 2.0
THREADS = 2
ATTEMPTS = 3


class EventWriter:
    """Writes events within a deadline. A failed write is said, never dropped: the storefront sends it again."""

    def __init__(self, engine: Engine):
        """Open nothing yet.

        Args:
            engine: an engine that may write.
        """
        self._engine = engine
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="event-writer")

    async def write(self, events: Sequence[ShopperEvent]) -> EventsReceipt:
        """Write those that are new.

        Raises:
            ShopUnavailableError: the database fails or is too slow; sending the same events again is safe.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                accepted = await loop.run_in_executor(self._threads, write_events, self._engine, events)
        except (TimeoutError, SQLAlchemyError) as err:
            raise ShopUnavailableError(f"events not written: {type(err).__name__}") from err
        return EventsReceipt(accepted=accepted, duplicates=len(events) - accepted)

    def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()


def write_events(engine: Engine, events: Sequence[ShopperEvent]) -> int:
    """Write the events whose key is new, in one transaction.

    Returns:
        How many were new.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    rows = {event.event_key: event.model_dump() for event in events}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with session_scope(engine) as session:
                known = set(session.scalars(select(Event.event_key).where(Event.event_key.in_(rows))))
                fresh = [row for key, row in rows.items() if key not in known]
                if fresh:
                    session.execute(insert(Event), fresh)
                return len(fresh)
        except IntegrityError:  # the same events were written by another process at this very moment
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("the loop returns or raises")
