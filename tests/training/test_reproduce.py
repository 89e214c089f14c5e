from pathlib import Path

import pytest

from features.store import MLStore
from settings import Settings
from shop.migrate import PLATFORM, migrate
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.registry.client import connect
from training.reproduce import reproduce
from training.run import run_training


def test_a_registered_version_trains_again_to_the_bit(
    synthetic_store: MLStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migrate(f"sqlite:///{tmp_path / 'platform.db'}", PLATFORM)
    settings = Settings(
        var_dir=tmp_path, ml_store_uri=synthetic_store.uri, mlflow_tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}"
    )
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    version = run_training(settings, registry, SMALL_CONFIG, AS_OF)["version"]

    rows = reproduce(registry, synthetic_store, tmp_path / "models", int(str(version)))

    assert {"SHA-256 of model.onnx", "ndcg_at_20"} <= {name for name, _, _ in rows}
    assert [name for name, before, after in rows if before != after] == []
