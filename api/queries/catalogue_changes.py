"""Queries of the log of what shoppers see change (`shop/migrations/change_log.py`), and of what has changed."""

from collections.abc import Collection, Container
from typing import NamedTuple

from sqlalchemy import Connection, Engine, bindparam, column, delete, func, inspect, select, table

from api.db.statements import IDS, Prepared
from api.queries.catalogue import SellableProduct, fetch_sellable
from shop.migrations.change_log import LOG

CHANGES = table(LOG, column("change_id"), column("product_id"))

MOST_CHANGES = 5_000
"""Changes that are followed one by one; after more, all products are read anew."""

LOOK_BACK = 1_000
"""Numbers before the newest change among which those of open transactions are looked for at the beginning."""

DELETED_AT_ONCE = 5_000

Change = tuple[int, int]
"""A change's number, and the product that it is of."""

_SINCE = Prepared(
    select(CHANGES.c.change_id, CHANGES.c.product_id)
    .where(CHANGES.c.change_id > bindparam("after"))
    .order_by(CHANGES.c.change_id)
    .limit(MOST_CHANGES + 1)
)
_AMONG = Prepared(select(CHANGES.c.change_id, CHANGES.c.product_id).where(CHANGES.c.change_id.in_(IDS)))
_NEWEST = select(func.coalesce(func.max(CHANGES.c.change_id), 0))


class ReadChanges(NamedTuple):
    """What was read of the log, and then of the products that it names.

    Attributes:
        begins_after: the changes are all that there are after this one, and those that were missing.
        is_whole: whether none lies between the one that was asked for and `begins_after`.
        changes: by their numbers.
        asked: the products that were read again.
        found: those of them that can be sold.
    """

    begins_after: int
    is_whole: bool
    changes: list[Change]
    asked: list[int]
    found: dict[int, SellableProduct]


def has_change_log(connection: Connection) -> bool:
    """Return whether the database notes what changes."""
    return inspect(connection).has_table(LOG)


def fetch_changes(
    connection: Connection, after: int | None, missing: Collection[int], known: Collection[Container[int]]
) -> ReadChanges:
    """Read what has changed, and after that the products of it, so that they are no older than the log says.

    Args:
        connection: to the database that holds the catalogue.
        after: the last change below which none is unknown; `None` = nothing is known.
        missing: numbers below it that were not there.
        known: where one of these holds a product that has changed, it is read again.
    """
    newest: int = connection.scalar(_NEWEST) or 0
    rows = [] if after is None else _SINCE.execute(connection, {"after": after})
    is_whole = after is not None and after <= newest and len(rows) <= MOST_CHANGES
    if after is None or not is_whole:
        after, missing = max(0, newest - LOOK_BACK), ()
        rows = _SINCE.execute(connection, {"after": after})
    changes: list[Change] = [(row[0], row[1]) for row in rows]
    if missing:
        changes += [(row[0], row[1]) for row in _AMONG.execute(connection, ids=missing)]
    products = dict.fromkeys(product_id for _, product_id in changes)
    asked = [product_id for product_id in products if any(product_id in each for each in known)]
    return ReadChanges(after, is_whole, changes, asked, fetch_sellable(connection, asked))


def delete_old_changes(engine: Engine, kept: int) -> int:
    """Delete all but the newest changes, in short transactions.

    Args:
        engine: of an account that may write.
        kept: how many numbers back from the newest stay.

    Returns:
        How many were deleted.
    """
    with engine.connect() as connection:
        last = (connection.scalar(_NEWEST) or 0) - kept
        first: int | None = connection.scalar(select(func.min(CHANGES.c.change_id)))
    num_deleted = 0
    while first is not None and first <= last:
        with engine.begin() as connection:
            until = min(last, first + DELETED_AT_ONCE - 1)
            num_deleted += connection.execute(delete(CHANGES).where(CHANGES.c.change_id <= until)).rowcount
        first = until + 1
    return num_deleted
