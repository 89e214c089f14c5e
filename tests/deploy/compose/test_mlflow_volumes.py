from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.backups.folder import begin, describe_files, finish
from deploy.compose.mlflow_volumes import load, save
from deploy.interpreter import SetupError
from settings import Settings


def place(folder: Path) -> Settings:
    """Two volumes, as in MLflow's container."""
    for name in ("var", "artifacts"):
        (folder / name).mkdir(parents=True)
    return Settings(var_dir=folder / "var", mlflow_artifacts_uri=str(folder / "artifacts"))


def test_files_of_versions_and_logins_are_put_back_where_they_were(tmp_path: Path) -> None:
    old, new = place(tmp_path / "old"), place(tmp_path / "new")
    (tmp_path / "old/artifacts/1").mkdir()
    (tmp_path / "old/artifacts/1/model.onnx").write_bytes(b"weights")
    (old.var_dir / "mlflow").mkdir()
    (old.var_dir / "mlflow" / "webhook.key").write_text("key")
    save(old, begin(tmp_path / "saved"))
    finish(tmp_path / "saved", datetime.now(UTC), "0.1.0", {})

    assert load(new, tmp_path / "saved") == 2

    assert describe_files(tmp_path / "new") == describe_files(tmp_path / "old")


def test_files_in_an_object_store_are_not_copied(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="MLFLOW_ARTIFACTS_URI leads to an object store"):
        save(Settings(var_dir=tmp_path, mlflow_artifacts_uri="s3://shop/mlflow"), tmp_path)
