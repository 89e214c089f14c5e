"""Hop 8: writes shoppers' events to the shop's database, idempotently: each once however often it is sent."""

from collections.abc import Sequence

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import DBAPIError

from api.schemas import EventsReceipt, ShopperEvent
from shop.database import session_scope
from shop.failures import is_conflict
from shop.tables import Event

ATTEMPTS = 3


def write_events(engine: Engine, events: Sequence[ShopperEvent]) -> EventsReceipt:
    """Write the events whose key is new, in one transaction.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    rows = {event.event_key: event.model_dump() for event in events}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            accepted = _write_new(engine, rows)
            return EventsReceipt(accepted=accepted, duplicates=len(events) - accepted)
        except DBAPIError as err:  # the same events may be written by another process at this very moment
            if attempt == ATTEMPTS or not is_conflict(err):
                raise
    raise AssertionError("the loop returns or raises")


def _write_new(engine: Engine, rows: dict[str, dict[str, object]]) -> int:
    with session_scope(engine) as session:
        known = set(session.scalars(select(Event.event_key).where(Event.event_key.in_(rows))))
        fresh = [row for key, row in rows.items() if key not in known]
        if fresh:
            session.execute(insert(Event), fresh)
        return len(fresh)
