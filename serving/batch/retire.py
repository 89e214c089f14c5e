"""Retention of published batches: the last few stay, so that a rollback takes seconds and the database stays small."""

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from shop.database import session_scope
from shop.tables import (
    HOME,
    BatchBucket,
    BatchPointer,
    PopularList,
    ProductNeighbours,
    Recommendation,
    RecommendationBatch,
)

KEPT_BATCHES = 3
KEPT_VERSIONS = 3
ROWS_PER_TRANSACTION = 10_000


def retire_old_batches(engine: Engine) -> list[str]:
    """Delete the lists of batches that nobody will go back to; their rows stay, with manifest and audit.

    Kept are the batches that shoppers see, the last few published ones, the newest one of each of the last few model
    versions, and whatever was opened after the one that shoppers see (another run may be writing it).

    Returns:
        The batches retired by this call.
    """
    with Session(engine) as session:
        shown = session.scalar(select(BatchPointer.epoch).where(BatchPointer.name == HOME)) or 0
        batches = session.execute(
            select(RecommendationBatch.batch_id, RecommendationBatch.model_version, RecommendationBatch.state)
            .where(RecommendationBatch.state != "retired", RecommendationBatch.epoch < shown)
            .order_by(RecommendationBatch.epoch.desc())
        ).all()
        pointed = session.execute(
            select(RecommendationBatch.model_version).where(RecommendationBatch.epoch == shown)
        ).scalar()
        kept = set(session.scalars(select(BatchPointer.batch_id)))
    published = [batch for batch in batches if batch.state == "published"]
    kept |= {batch.batch_id for batch in published[: KEPT_BATCHES - 1]}
    newest_of_version = {batch.model_version: batch.batch_id for batch in reversed(published)}
    others = [version for version in dict.fromkeys(batch.model_version for batch in published) if version != pointed]
    kept |= {newest_of_version[version] for version in others[: KEPT_VERSIONS - 1]}
    retired = [batch.batch_id for batch in batches if batch.batch_id not in kept]
    for batch_id in retired:
        _delete_lists(engine, batch_id)
    return retired


def _delete_lists(engine: Engine, batch_id: str) -> None:
    """Delete in pieces, so that no transaction grows with the shop; the state goes last: a kill is made good."""
    while _delete_some_recommendations(engine, batch_id):
        pass
    with session_scope(engine) as session:
        for table in (PopularList, ProductNeighbours, BatchBucket):
            session.execute(delete(table).where(table.batch_id == batch_id))
        session.execute(
            update(RecommendationBatch).where(RecommendationBatch.batch_id == batch_id).values(state="retired")
        )


def _delete_some_recommendations(engine: Engine, batch_id: str) -> bool:
    """Delete the lists of the users with the smallest ids.

    Returns:
        Whether there were any.
    """
    users = select(Recommendation.user_id).where(Recommendation.batch_id == batch_id)
    page = users.order_by(Recommendation.user_id).limit(ROWS_PER_TRANSACTION).subquery()
    with session_scope(engine) as session:
        last = session.scalar(select(func.max(page.c.user_id)))
        if last is None:
            return False
        session.execute(
            delete(Recommendation).where(Recommendation.batch_id == batch_id, Recommendation.user_id <= last)
        )
    return True
