"""Hop 8: writes shoppers' events to the platform's database, idempotently: each once however often it is sent.

What a shopper reports is not believed further than it can be: keys count for the shopper who sent them alone, instants
lie in the near past, and orders are the checkout's to report.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import DBAPIError

from api.schemas import EventsReceipt, ShopperEvent
from shop.database import session_scope
from shop.failures import is_conflict
from shop.tables import Event

ATTEMPTS = 3
OLDEST = timedelta(days=7)
"""How late an event may arrive: a page keeps what it could not send, but not for ever."""

AHEAD = timedelta(minutes=5)
"""How far a shopper's clock may be ahead."""

KEY_LENGTH = 100
"""Characters of a stored key."""

Identity = tuple[str, int, str]

_KNOWN = select(Event.event_key, Event.event_type, Event.product_id, Event.request_id)


def write_events(engine: Engine, events: Sequence[ShopperEvent]) -> EventsReceipt:
    """Write the events whose key is new and that can be true, in one transaction.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    rows, num_refused = _choose(events, datetime.now(UTC))
    known = _write_new(engine, {key: event.model_dump() | {"event_key": key} for key, event in rows.items()})
    accepted = len(rows) - len(known)
    refused = num_refused + sum(identity != _identify(rows[key]) for key, identity in known.items())
    return EventsReceipt(accepted=accepted, duplicates=len(events) - accepted - refused, refused=refused)


def write_order_events(engine: Engine, events: Mapping[str, dict[str, Any]]) -> None:
    """Write the events of an order that are not there yet, in one transaction.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    _write_new(engine, events)


def _choose(events: Sequence[ShopperEvent], now: datetime) -> tuple[dict[str, ShopperEvent], int]:
    """Choose the events that can be true, one of each key, and count those that cannot."""
    rows, num_refused = dict[str, ShopperEvent](), 0
    for event in events:
        is_of_now = now - OLDEST <= event.occurred_at <= now + AHEAD
        if is_of_now and _identify(rows.setdefault(make_key(event), event)) == _identify(event):
            continue
        num_refused += 1
    return rows, num_refused


def make_key(event: ShopperEvent) -> str:
    """Make the stored key of an event: no shopper can use up the keys of another's, or those of orders.

    One that is too long is hashed, and one that ends in a space: MySQL takes it for the same without the space.
    """
    owner = "guest" if event.user_id is None else str(event.user_id)
    key = f"{owner}:{event.event_key}"
    is_stored_as_it_is = len(key) <= KEY_LENGTH and not key.endswith(" ")
    return key if is_stored_as_it_is else f"{owner}:{hashlib.sha256(key.encode()).hexdigest()}"


def _identify(event: ShopperEvent) -> Identity:
    """Return what must be the same when a key is sent again."""
    return event.event_type, event.product_id, event.request_id


def _write_new(engine: Engine, rows: Mapping[str, dict[str, Any]]) -> dict[str, Identity]:
    """Write the events whose key is not there.

    Returns:
        The others by their keys, each with what it is.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with session_scope(engine) as session:
                found = session.execute(_KNOWN.where(Event.event_key.in_(rows)))
                known: dict[str, Identity] = {key: (kind, product, request) for key, kind, product, request in found}
                if fresh := [row for key, row in rows.items() if key not in known]:
                    session.execute(insert(Event), fresh)
                return known
        except DBAPIError as err:  # the same events may be written by another process at this very moment
            if attempt == ATTEMPTS or not is_conflict(err):
                raise
    raise AssertionError("the loop returns or raises")
