"""Query of how far the shown lists are behind the alias `champion`, from the audit log and the batches."""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from shop.tables import AuditLog, BatchBucket, RecommendationBatch

ALIAS = "alias/champion"


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


def fetch_lag(connection: Connection, shown_version: str) -> Lag | None:
    """Read whether shoppers see lists of another version than the alias names; `None` if not.

    Args:
        connection: to the database of what is published.
        shown_version: whose lists are shown.
    """
    moves = select(AuditLog.occurred_at, AuditLog.from_value, AuditLog.to_value).where(AuditLog.subject == ALIAS)
    last = connection.execute(moves.order_by(AuditLog.audit_id.desc()).limit(1)).first()
    if last is None or last.to_value == shown_version:
        return None
    if last.to_value is None:
        return Lag(None, last.occurred_at, f"version {last.from_value} carried the alias, and none does now")
    return Lag(last.to_value, last.occurred_at, _find_why(connection, last.to_value))


def _find_why(connection: Connection, version: str) -> str:
    """Say how far the scoring of a version has come."""
    columns = (RecommendationBatch.batch_id, RecommendationBatch.state, RecommendationBatch.audit)
    batches = select(*columns).where(RecommendationBatch.model_version == version)
    batch = connection.execute(batches.order_by(RecommendationBatch.epoch.desc()).limit(1)).first()
    if batch is None or batch.state == "retired":
        return "its scoring has not begun"
    if batch.state == "refused":
        broken = [name for name, finding in (batch.audit or {}).items() if not finding["passed"]]
        return f"the audit refused its lists, broken rules: {', '.join(broken)}"
    if batch.state == "writing":
        written = select(func.count()).select_from(BatchBucket).where(BatchBucket.batch_id == batch.batch_id)
        return f"it is being scored, buckets written: {connection.scalar(written)}"
    return "its lists are about to be shown"
