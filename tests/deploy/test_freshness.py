"""What `make status` says of the data, whatever runs."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from deploy.freshness import describe_freshness, has_published
from features.pins import pin
from features.store import MLStore
from settings import Settings
from shop.database import engine_scope, open_engine, session_scope
from shop.migrate import PLATFORM, migrate
from shop.tables import BatchPointer, RecommendationBatch
from tests.support.ports import free_ports
from tests.support.strangers import ANSWERS, stranger_running


def weigh(folder: Path) -> str:
    return dict(describe_freshness(Settings(var_dir=folder, mlflow_port=free_ports(1)[0])))["ML store"]


def test_the_store_is_weighed_and_its_pins_are_counted(tmp_path: Path) -> None:
    assert weigh(tmp_path) == "empty"

    store = MLStore(str(tmp_path / "store"))
    store.overwrite("users", pl.DataFrame({"user_id": range(2_000_000)}).sample(fraction=1, shuffle=True, seed=1))
    pin(store, "wide_deep/1", {"users": 0}, datetime(2026, 1, 1, tzinfo=UTC))

    assert weigh(tmp_path).split(", ", 1)[1].startswith("most of it users (")
    assert weigh(tmp_path).endswith("MB); 1 pinned, the oldest as of 2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_no_mlflow_is_said_to_be_none(tmp_path: Path, kind: str) -> None:
    with stranger_running(kind) as port:
        said = dict(describe_freshness(Settings(var_dir=tmp_path, mlflow_port=port)))

    assert said["champion"] == (
        f"not known: what answers at http://127.0.0.1:{port} is no MLflow: free its port, or set MLFLOW_PORT"
    )


def test_lists_are_published_once_a_batch_is_shown(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    with engine_scope(open_engine(settings.platform_database_url)) as engine:
        migrate(engine, PLATFORM)
        assert not has_published(settings)
        with session_scope(engine) as session:
            as_of = datetime(2026, 1, 1, tzinfo=UTC)
            session.add(RecommendationBatch(batch_id="b", epoch=1, as_of=as_of, model_version="1", state="published"))
            session.flush()
            session.add(BatchPointer(name="home", batch_id="b", epoch=1))

        assert has_published(settings)
