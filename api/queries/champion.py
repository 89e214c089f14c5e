"""Query of how far the shown lists are behind the alias `champion`, from the audit log and the batches."""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from api.queries.published import BatchHead
from shop.tables import CHAMPION_MOVED, SET_AGAIN, AuditLog, BatchBucket, RecommendationBatch, is_of_model


class Named(NamedTuple):
    """The version that the alias names.

    Attributes:
        version: its number, which comes again after a rename or with a new MLflow database.
        model: number and hash of its files, as `name_model` names it; `None` of a version registered by hand.
    """

    version: str
    model: str | None

    def made(self, batch_id: str, model_version: str) -> bool:
        """Return whether a batch is of this version."""
        return model_version == self.version and (self.model is None or is_of_model(batch_id, self.model))


class Lag(NamedTuple):
    """Lists of another version than the alias names.

    Attributes:
        champion: version that the alias names; `None` where it was taken away.
        since: when it moved there.
        why: what keeps the lists.
    """

    champion: str | None
    since: datetime
    why: str

    def seconds(self) -> int:
        """Return for how long."""
        return max(0, int((datetime.now(UTC) - self.since).total_seconds()))

    def describe(self, head: BatchHead) -> str:
        """Say which versions differ; a number that came again is another version of that number.

        Args:
            head: the batch that is shown.
        """
        other = "another " if self.champion == head.model_version else ""
        named = f"{other}version {self.champion}" if self.champion else "no version"
        return (
            f"the lists are of version {head.model_version}, the alias champion has named {named} for "
            f"{self.seconds()} s: {self.why}"
        )


def fetch_lag(connection: Connection, head: BatchHead) -> Lag | None:
    """Read whether shoppers see lists of another version than the alias names; `None` if not.

    Args:
        connection: to the database of what is published.
        head: the batch that is shown.
    """
    columns = (AuditLog.occurred_at, AuditLog.from_value, AuditLog.to_value, AuditLog.details)
    moves = select(*columns).where(AuditLog.subject == CHAMPION_MOVED, AuditLog.action != SET_AGAIN)
    last = connection.execute(moves.order_by(AuditLog.occurred_at.desc(), AuditLog.audit_id.desc()).limit(1)).first()
    if last is None:
        return None
    if last.to_value is None:
        return Lag(None, last.occurred_at, f"version {last.from_value} carried the alias, and none does now")
    champion = Named(last.to_value, (last.details or {}).get("model"))
    if champion.made(head.batch_id, head.model_version):
        return None
    return Lag(champion.version, last.occurred_at, _find_why(connection, champion))


def _find_why(connection: Connection, champion: Named) -> str:
    """Say how far the scoring of a version has come."""
    columns = (RecommendationBatch.batch_id, RecommendationBatch.state, RecommendationBatch.audit)
    batches = select(*columns).where(RecommendationBatch.model_version == champion.version)
    newest = connection.execute(batches.order_by(RecommendationBatch.epoch.desc()))
    batch = next((row for row in newest if champion.made(row.batch_id, champion.version)), None)
    if batch is None or batch.state == "retired":
        return "its scoring has not begun"
    if batch.state == "refused":
        broken = [name for name, finding in (batch.audit or {}).items() if not finding["passed"]]
        return f"the audit refused its lists, broken rules: {', '.join(broken)}"
    if batch.state == "writing":
        written = select(func.count()).select_from(BatchBucket).where(BatchBucket.batch_id == batch.batch_id)
        return f"it is being scored, buckets written: {connection.scalar(written)}"
    return "its lists are about to be shown"
