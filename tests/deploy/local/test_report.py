"""Addresses of the closing table lead where a newcomer wants to go."""

from pathlib import Path

from deploy.local.report import link_versions
from settings import Settings


def test_mlflow_opens_as_a_model_registry(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path, mlflow_port=5055, model_name="ours")

    assert link_versions(settings) == "http://127.0.0.1:5055/#/models/ours?workflowType=machine_learning"
