"""What `make status` says of the data, whatever runs."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from deploy.freshness import describe_freshness
from features.pins import pin
from features.store import MLStore
from settings import Settings
from tests.support.ports import free_ports


def weigh(folder: Path) -> str:
    return dict(describe_freshness(Settings(var_dir=folder, mlflow_port=free_ports(1)[0])))["ML store"]


def test_the_store_is_weighed_and_its_pins_are_counted(tmp_path: Path) -> None:
    assert weigh(tmp_path) == "empty"

    store = MLStore(str(tmp_path / "store"))
    store.overwrite("users", pl.DataFrame({"user_id": range(2_000_000)}).sample(fraction=1, shuffle=True, seed=1))
    pin(store, "wide_deep/1", {"users": 0}, datetime(2026, 1, 1, tzinfo=UTC))

    assert weigh(tmp_path).split(", ", 1)[1].startswith("most of it users (")
    assert weigh(tmp_path).endswith("MB); 1 pinned, the oldest as of 2026-01-01T00:00:00+00:00")
