"""Retention of published batches: the last few stay, so that a rollback takes seconds and the database stays small."""

from itertools import islice

from sqlalchemy import Engine, delete, func, select
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
    find_model,
)

KEPT_BATCHES = 3
KEPT_VERSIONS = 3
ROWS_PER_TRANSACTION = 10_000

_BATCHES = select(
    RecommendationBatch.batch_id,
    RecommendationBatch.model_version,
    RecommendationBatch.state,
    RecommendationBatch.epoch,
)


def retire_old_batches(engine: Engine) -> list[str]:
    """Delete the lists of batches that nobody will go back to; their rows stay, with manifest and audit.

    Kept are the batches that shoppers see, the last few published ones, the newest one of each of the last few model
    versions, and whatever was opened after the one that shoppers see (another run may be writing it).

    Returns:
        The batches retired by this call.
    """
    _finish_interrupted(engine)
    with Session(engine) as session:
        shown = session.scalar(select(BatchPointer.epoch).where(BatchPointer.name == HOME)) or 0
        not_retired = _BATCHES.where(RecommendationBatch.state != "retired", RecommendationBatch.epoch < shown)
        batches = session.execute(not_retired.order_by(RecommendationBatch.epoch.desc())).all()
        pointed = session.execute(_BATCHES.where(RecommendationBatch.epoch == shown)).first()
        kept = set(session.scalars(select(BatchPointer.batch_id)))
    published = [batch for batch in batches if batch.state == "published"]
    kept |= {batch.batch_id for batch in published[: KEPT_BATCHES - 1]}
    newest_of_model: dict[str, str] = {}
    for batch in published:
        newest_of_model.setdefault(find_model(batch.batch_id, batch.model_version), batch.batch_id)
    if pointed is not None:
        newest_of_model.pop(find_model(pointed.batch_id, pointed.model_version), None)
    kept |= set(islice(newest_of_model.values(), KEPT_VERSIONS - 1))
    retired = []
    for batch in batches:
        if batch.batch_id not in kept and _mark_retired(engine, batch.batch_id, batch.epoch):
            _delete_lists(engine, batch.batch_id)
            retired.append(batch.batch_id)
    return retired


def _finish_interrupted(engine: Engine) -> None:
    """Delete what a run that was killed left of retired batches."""
    with Session(engine) as session:
        left = (
            select(BatchBucket.batch_id)
            .distinct()
            .join(RecommendationBatch, RecommendationBatch.batch_id == BatchBucket.batch_id)
        )
        interrupted = list(session.scalars(left.where(RecommendationBatch.state == "retired")))
    for batch_id in interrupted:
        _delete_lists(engine, batch_id)


def _mark_retired(engine: Engine, batch_id: str, epoch: int) -> bool:
    """Mark a batch as retired before its lists go, unless somebody went back to it since it was looked at.

    Who goes back to it takes a new epoch under the same lock, or finds it retired and writes it afresh.
    """
    pointers = select(BatchPointer.name).where(BatchPointer.batch_id == batch_id)
    with session_scope(engine) as session:
        batch = session.get_one(RecommendationBatch, batch_id, with_for_update=True)
        if batch.epoch != epoch or session.scalars(pointers).first() is not None:
            return False
        batch.state = "retired"
    return True


def _delete_lists(engine: Engine, batch_id: str) -> None:
    """Delete in pieces, so that no transaction grows with the shop; the buckets go last: a kill is made good.

    Each piece looks whether the batch is retired still: who writes it afresh keeps what is written.
    """
    while _delete_some_recommendations(engine, batch_id):
        pass
    with session_scope(engine) as session:
        if _is_retired(session, batch_id):
            for table in (PopularList, ProductNeighbours, BatchBucket):
                session.execute(delete(table).where(table.batch_id == batch_id))


def _is_retired(session: Session, batch_id: str) -> bool:
    """Return whether a batch is retired, and keep it so until the transaction ends."""
    return session.get_one(RecommendationBatch, batch_id, with_for_update=True).state == "retired"


def _delete_some_recommendations(engine: Engine, batch_id: str) -> bool:
    """Delete the lists of the users with the smallest ids.

    Returns:
        Whether there were any, and the batch is retired still.
    """
    users = select(Recommendation.user_id).where(Recommendation.batch_id == batch_id)
    page = users.order_by(Recommendation.user_id).limit(ROWS_PER_TRANSACTION).subquery()
    with session_scope(engine) as session:
        last = session.scalar(select(func.max(page.c.user_id)))
        if last is None or not _is_retired(session, batch_id):
            return False
        session.execute(
            delete(Recommendation).where(Recommendation.batch_id == batch_id, Recommendation.user_id <= last)
        )
    return True
