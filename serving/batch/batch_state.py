"""State machine of a batch's row: opened under a growing epoch, pointed at, refused or retired.

The epoch is the fence. Whoever starts a run takes the next one, and the pointer only moves to a larger epoch: a run
that was overtaken while it hung cannot put its lists back. Serving an old batch again is opening it again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.database import session_scope
from shop.tables import HASH_DIGITS, HOME, AuditLog, BatchBucket, BatchPointer, RecommendationBatch

ACTOR = "serving.score"
OPEN_ATTEMPTS = 5


class PublicationError(Exception):
    """A batch may not be shown to shoppers; the last good one stays."""


class AuditError(PublicationError):
    """The audit refuses the batch; the same version on the same snapshot would be refused again."""


class AliasMovedError(Exception):
    """The alias names another version by now, so that these lists need not be finished."""


class BatchEndedError(PublicationError):
    """Another run has completed or retired the batch while this one wrote; what it wrote stays as it is."""


class OvertakenError(PublicationError):
    """Another batch was shown under a newer epoch. `as_of` is the instant of its features."""

    def __init__(self, message: str, as_of: datetime):
        super().__init__(message)
        self.as_of = as_of


@dataclass(frozen=True)
class Batch:
    """A scoring of all users by one version on one snapshot. Counts are of its manifest, 0 while it is written."""

    batch_id: str
    epoch: int
    as_of: datetime
    model_version: str
    state: str
    num_users: int = 0
    num_rows: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether its lists are all written and have passed the audit."""
        return self.state in ("audited", "published")


def name_batch(as_of: datetime, model: str, snapshot_id: str) -> str:
    """Name a batch by what it is made of: the same rows and files again are the same batch, and others are another.

    Args:
        as_of: instant of the features.
        model: as `name_model` names it.
        snapshot_id: hash of the features.
    """
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}-{model}-{snapshot_id[:HASH_DIGITS]}"


def open_batch(engine: Engine, batch_id: str, as_of: datetime, model_version: str, alias: str | None) -> Batch:
    """Take the next epoch for a batch, new or known. A refused or retired batch starts afresh.

    Args:
        engine: the platform's database.
        batch_id: as `name_batch` names it.
        as_of: instant of its features.
        model_version: number of the version that scores.
        alias: that named the version; None for a version named by hand.

    Raises:
        sqlalchemy.exc.IntegrityError: other runs took the next epoch five times in a row.
    """
    for attempt in range(1, OPEN_ATTEMPTS + 1):
        try:
            with session_scope(engine) as session:
                return _open(session, batch_id, as_of, model_version, alias)
        except IntegrityError:
            if attempt == OPEN_ATTEMPTS:
                raise
    raise AssertionError("the loop returns or raises")


def _open(session: Session, batch_id: str, as_of: datetime, model_version: str, alias: str | None) -> Batch:
    epoch = (session.scalar(select(func.max(RecommendationBatch.epoch))) or 0) + 1
    row = session.get(RecommendationBatch, batch_id, with_for_update=True)
    if row is None:
        row = RecommendationBatch(
            batch_id=batch_id, epoch=epoch, as_of=as_of, model_version=model_version, alias=alias, state="writing"
        )
        session.add(row)
    else:
        row.epoch, row.alias = epoch, alias
        if row.state in ("refused", "retired"):
            row.state = "writing"
            session.execute(delete(BatchBucket).where(BatchBucket.batch_id == batch_id))
    return Batch(batch_id, epoch, as_of, model_version, row.state, row.num_users or 0, row.num_rows or 0)


def join_batch(engine: Engine, batch_id: str, as_of: datetime, model_version: str, alias: str | None) -> Batch:
    """Go on with a batch that is being written or complete, without overtaking who opened it; else open it.

    Raises:
        sqlalchemy.exc.IntegrityError: as `open_batch`.
    """
    with Session(engine) as session:
        row = session.get(RecommendationBatch, batch_id)
    if row is None or row.state in ("refused", "retired"):
        return open_batch(engine, batch_id, as_of, model_version, alias)
    return Batch(batch_id, row.epoch, as_of, model_version, row.state, row.num_users or 0, row.num_rows or 0)


def require_writing(session: Session, batch: Batch) -> None:
    """Keep a batch in writing until the transaction ends, for what is written in it.

    Raises:
        BatchEndedError: it is not written any more: a run that was cut off changes no list that shoppers may see.
    """
    row = select(RecommendationBatch.state).where(RecommendationBatch.batch_id == batch.batch_id)
    state = session.scalar(row.with_for_update(read=True))
    if state != "writing":
        raise BatchEndedError(f"batch {batch.batch_id!r} is {state} by now: another run ended it.")


def record_verdict(engine: Engine, batch: Batch, state: str, counts: dict[str, Any], audit: dict[str, Any]) -> None:
    """Note what the audit found, and a line in the audit log when it refuses.

    Args:
        engine: the platform's database.
        batch: the audited batch.
        state: `audited` or `refused`.
        counts: num_users, num_rows and checksum, the batch's manifest.
        audit: findings by rule.
    """
    with session_scope(engine) as session:
        row = update(RecommendationBatch).where(RecommendationBatch.batch_id == batch.batch_id)
        session.execute(row.values(state=state, audit=audit, **counts))
        if state == "refused":
            broken = ", ".join(name for name, finding in audit.items() if not finding["passed"])
            session.add(_log("refuse", None, batch, reason=f"broken rules: {broken}", details=audit))


def move_pointer(engine: Engine, batch: Batch, name: str = HOME) -> str | None:
    """Show a batch to shoppers: one row moves, in one transaction with its log line.

    Returns:
        The batch that was shown before; `None` if this is the first.

    Raises:
        OvertakenError: a newer epoch is shown already.
    """
    try:
        return _move(engine, batch, name)
    except IntegrityError:  # another run inserted the very first pointer at the same moment
        return _move(engine, batch, name)


def _move(engine: Engine, batch: Batch, name: str) -> str | None:
    with session_scope(engine) as session:
        pointer = session.get(BatchPointer, name, with_for_update=True)
        previous = pointer.batch_id if pointer else None
        if pointer and pointer.epoch > batch.epoch:
            shown = session.get_one(RecommendationBatch, pointer.batch_id)
            raise OvertakenError(
                f"batch {batch.batch_id!r} (epoch {batch.epoch}) was overtaken by epoch {pointer.epoch}, "
                f"{previous!r}, which stays. Run `python -m serving.score` again to publish anew.",
                shown.as_of,
            )
        if pointer is None:
            pointer = BatchPointer(name=name)
            session.add(pointer)
        pointer.batch_id, pointer.epoch, pointer.moved_at = batch.batch_id, batch.epoch, datetime.now(UTC)
        row = update(RecommendationBatch).where(RecommendationBatch.batch_id == batch.batch_id)
        session.execute(row.values(state="published"))
        if previous != batch.batch_id:
            session.add(_log("publish", previous, batch, reason=f"epoch {batch.epoch}", details=None))
    return previous


def fetch_pointed_batch(engine: Engine, name: str = HOME) -> str | None:
    """Return the batch that shoppers see; `None` before the first publication."""
    with Session(engine) as session:
        return session.scalar(select(BatchPointer.batch_id).where(BatchPointer.name == name))


def _log(action: str, previous: str | None, batch: Batch, reason: str, details: dict[str, Any] | None) -> AuditLog:
    return AuditLog(
        actor=ACTOR,
        action=action,
        subject=f"recommendations/{HOME}",
        from_value=previous,
        to_value=batch.batch_id,
        reason=reason,
        details=details,
    )
