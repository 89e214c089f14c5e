"""Engagement with the shelves of pages, by kind of shoppers: counted from their events, and kept with the batch.

Pages order their shelves by it (`api/pages/shelf_order.py`), and read it together with the lists that all share.
"""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, case, func, select, update

from features.snapshot.tables import scan_users
from features.store import MLStore
from serving.batch.batch_state import Batch, require_writing
from shop.database import session_scope
from shop.tables import Event, RecommendationBatch, name_shopper_kind

WINDOW = timedelta(days=28)
ROWS_AT_ONCE = 50_000

_COUNTS = pl.Schema(
    {
        "user_id": pl.Int64(),
        "shelf": pl.String(),
        "impressions": pl.Int64(),
        "clicks": pl.Int64(),
        "orders": pl.Int64(),
    }
)


def write_shelf_statistics(engine: Engine, batch: Batch, store: MLStore, until: datetime) -> None:
    """Count what became of the shelves that shoppers saw lately, and keep it with a batch.

    Args:
        engine: the platform's database.
        batch: an open batch.
        store: holds the snapshot that tells when users ordered last.
        until: events of the `WINDOW` before this instant count.

    Raises:
        serving.batch.batch_state.BatchEndedError: another run ended the batch meanwhile.
    """
    with engine.connect() as connection:
        counts = count_engagement(connection, until)
    statistics = {"until": until.isoformat(), "engagement": _sum_by_kind(counts, _find_kinds(store, batch, counts))}
    with session_scope(engine) as session:
        require_writing(session, batch)
        row = update(RecommendationBatch).where(RecommendationBatch.batch_id == batch.batch_id)
        session.execute(row.values(shelf_statistics=statistics))


def count_engagement(connection: Connection, until: datetime) -> pl.DataFrame:
    """Count for each shopper and shelf the products shown, clicked and ordered.

    A product shown in one answer is one impression, however often it is reported, clicked or ordered. Shelves without a
    place stood on another page than that of shelves, or name an answer that was not given: they do not count.

    Returns:
        user_id (null for guests), shelf, impressions, clicks, orders.
    """
    was = {kind: func.max(case((Event.event_type == kind, 1), else_=0)) for kind in ("impression", "click", "order")}
    shown = (
        select(
            Event.user_id,
            func.min(case((Event.event_type == "impression", Event.shelf))).label("shelf"),
            was["click"].label("is_clicked"),
            was["order"].label("is_ordered"),
        )
        .where(Event.occurred_at >= until - WINDOW, Event.occurred_at < until, Event.place.is_not(None))
        .group_by(Event.request_id, Event.product_id, Event.user_id)
        .having(was["impression"] == 1)
        .subquery()
    )
    sums = [func.sum(column) for column in (shown.c.is_clicked, shown.c.is_ordered)]
    query = (
        select(shown.c.user_id, shown.c.shelf, func.count(), *sums)
        .where(shown.c.shelf.is_not(None))
        .group_by(shown.c.user_id, shown.c.shelf)
    )
    rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
    pieces = (_to_frame([(*row[:3], int(row[3]), int(row[4])) for row in piece]) for piece in rows.partitions())
    return pl.concat([_COUNTS.to_frame(), *pieces])


def _to_frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_COUNTS, orient="row")


def _find_kinds(store: MLStore, batch: Batch, counts: pl.DataFrame) -> pl.DataFrame:
    """Find of which kind each shopper is.

    Returns:
        user_id (null for guests), kind.
    """
    seen = counts.select("user_id").unique()
    with store.explained("snapshot_users"):
        users = scan_users(store, batch.as_of)
        ages = users.select("user_id", "user_days_since_order").join(seen.lazy(), on="user_id", how="semi").collect()
    kinds = [
        name_shopper_kind(is_known=user_id is not None, days_since_order=days)
        for user_id, days in seen.join(ages, on="user_id", how="left").iter_rows()
    ]
    return seen.with_columns(kind=pl.Series(kinds, dtype=pl.String))


def _sum_by_kind(counts: pl.DataFrame, kinds: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Add up by kind and shelf."""
    of_kinds = counts.join(kinds, on="user_id", nulls_equal=True)
    by_kind = of_kinds.group_by("kind", "shelf").agg(pl.sum("impressions", "clicks", "orders"))
    return by_kind.sort("kind", "shelf").rows()
