"""Freshness of each hop's data, read from storage: this works with every service down."""

import configparser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from features.pins import list_pins
from features.snapshot.tables import list_snapshots
from features.store import MLStore
from features.sync.report import RUNS_TABLE
from settings import Settings
from shop.database import open_engine, session_scope
from shop.tables import BatchPointer, RecommendationBatch
from training.registry.installation import MARK, read_installation


def describe_freshness(settings: Settings) -> list[tuple[str, str]]:
    """Return one `(what, how fresh)` a hop: rows, snapshot, champion, lists."""
    store = MLStore.of(settings)
    return [
        ("shop rows synced", _last_sync(store)),
        ("feature snapshot as of", _snapshot(store)),
        ("champion", _champion(settings)),
        ("published lists", _published(settings)),
        ("ML store", _weigh(store)),
    ]


def has_published(settings: Settings) -> bool:
    """Return whether lists are shown: the whole chain has passed once, whichever Airflow ran it."""
    engine = open_engine(settings.platform_database_url)
    with session_scope(engine) as session:
        return session.get(BatchPointer, "home") is not None


def format_age(instant: datetime) -> str:
    """Write how long ago an instant was: `5 min ago`, `3 h ago`, `2 days ago`."""
    seconds = (datetime.now(UTC) - instant).total_seconds()
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"


def _last_sync(store: MLStore) -> str:
    if not store.exists(RUNS_TABLE):
        return "never"
    with store.explained(RUNS_TABLE):
        runs = store.scan(RUNS_TABLE).sort("finished_at").collect()
    if runs.is_empty():  # its rows were lost
        return "never"
    last = runs.row(-1, named=True)
    verdict = {True: "verified equal", False: "NOT EQUAL to the shop", None: "not verified"}[last["is_equal"]]
    return f"{format_age(last['finished_at'])}, {verdict}"


def _snapshot(store: MLStore) -> str:
    instants = list_snapshots(store)["as_of"]
    return str(instants.max()) if len(instants) else "none yet"


def _weigh(store: MLStore) -> str:
    """Say how much the store holds, what takes most, and how many models pin what they were made from."""
    sizes = store.weigh()
    if not sizes:
        return "empty"
    largest = max(sizes, key=lambda name: sizes[name])
    pins = list_pins(store)
    pinned = f"{pins.height} pinned, the oldest as of {min(pins['as_of'])}" if pins.height else "nothing pinned"
    return f"{_format_size(sum(sizes.values()))}, most of it {largest} ({_format_size(sizes[largest])}); {pinned}"


def _format_size(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:.1f} MB"


def _champion(settings: Settings) -> str:
    try:
        answer = httpx.get(
            f"{settings.mlflow_tracking_uri}/api/2.0/mlflow/registered-models/get",
            params={"name": settings.model_name},
            auth=_mlflow_login(),
            timeout=5,
        )
    except httpx.HTTPError:
        return f"MLflow does not answer at {settings.mlflow_tracking_uri}"
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return "MLflow refuses the login: it is another installation's, or its password was changed"
    if answer.is_server_error:
        return f"MLflow answers {answer.status_code}"
    match _read_object(answer):
        case {"error_code": "RESOURCE_DOES_NOT_EXIST"}:
            return "none yet"  # no model of that name, whoever's MLflow it is
        case {"registered_model": {"name": settings.model_name} as model}:
            return _describe_champion(settings, model)
    return f"not known: what answers at {settings.mlflow_tracking_uri} is no MLflow: free its port, or set MLFLOW_PORT"


def _read_object(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer; an empty one where it holds none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _describe_champion(settings: Settings, model: dict[str, Any]) -> str:
    """Say which version of a model is champion, unless the model is another installation's."""
    marks = {tag["key"]: tag["value"] for tag in model.get("tags", [])}
    stranger = read_installation(settings.var_dir).find_stranger(marks.get(MARK, ""), settings.mlflow_tracking_uri)
    if stranger:
        return f"not known: {stranger}"
    aliases = {alias["alias"]: alias["version"] for alias in model.get("aliases", [])}
    return f"version {aliases['champion']}" if "champion" in aliases else "none yet"


def _mlflow_login() -> tuple[str, str] | None:
    """Read the login where MLflow's own clients read it; `None` where there is none to give."""
    ini = configparser.ConfigParser(interpolation=None)
    ini.read(Path.home() / ".mlflow" / "credentials")
    if not ini.has_section("mlflow"):
        return None
    return ini.get("mlflow", "mlflow_tracking_username"), ini.get("mlflow", "mlflow_tracking_password")


def _published(settings: Settings) -> str:
    engine = open_engine(settings.platform_database_url)
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
        return "the platform's database does not answer"
    finally:
        engine.dispose()
