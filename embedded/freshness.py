"""How fresh each hop of the data is, read where it rests: this works with every service down."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from settings import Settings
from shop.database import open_engine, session_scope
from shop.tables import BatchPointer, RecommendationBatch


def describe_freshness(settings: Settings) -> list[tuple[str, str]]:
    """Return one `(what, how fresh)` a hop: rows, snapshot, champion, lists."""
    return [
        ("shop rows synced", _last_sync(settings)),
        ("feature snapshot as of", _snapshot(settings)),
        ("champion", _champion(settings)),
        ("published lists", _published(settings)),
    ]


def format_age(instant: datetime) -> str:
    """Write how long ago an instant was: `5 min ago`, `3 h ago`, `2 days ago`."""
    seconds = (datetime.now(UTC) - instant).total_seconds()
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"


def _last_sync(settings: Settings) -> str:
    if "://" in settings.ml_store_uri:
        return "see Airflow (the store is not a local folder)"
    commits = list(Path(settings.ml_store_uri).glob("orders/_delta_log/*.json"))
    if not commits:
        return "never"
    return format_age(datetime.fromtimestamp(max(path.stat().st_mtime for path in commits), UTC))


def _snapshot(settings: Settings) -> str:
    from features.snapshot import list_snapshots
    from features.store import MLStore

    instants = list_snapshots(MLStore(settings.ml_store_uri))["as_of"]
    return str(instants.max()) if len(instants) else "none yet"


def _champion(settings: Settings) -> str:
    try:
        answer = httpx.get(
            f"{settings.mlflow_tracking_uri}/api/2.0/mlflow/registered-models/alias",
            params={"name": settings.model_name, "alias": "champion"},
            timeout=5,
        )
    except httpx.HTTPError:
        return "MLflow does not answer"
    if answer.status_code != httpx.codes.OK:
        return "none yet"
    return f"version {answer.json()['model_version']['version']}"


def _published(settings: Settings) -> str:
    engine = open_engine(settings.shop_database_url)
    query = (
        select(RecommendationBatch, BatchPointer.moved_at)
        .join(BatchPointer, BatchPointer.batch_id == RecommendationBatch.batch_id)
        .where(BatchPointer.name == "home")
    )
    try:
        with session_scope(engine) as session:
            row = session.execute(query).first()
            if row is None:
                return "none yet"
            batch, moved_at = row
            return f"version {batch.model_version}, {batch.num_users} users, {format_age(moved_at)}"
    except SQLAlchemyError:
        return "the shop's database does not answer"
    finally:
        engine.dispose()
