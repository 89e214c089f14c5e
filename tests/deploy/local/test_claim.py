"""One real MLflow without a login, and two installations of which it belongs to one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from deploy.freshness import describe_freshness
from deploy.interpreter import SetupError
from deploy.local.claim import claim_mlflow
from settings import Settings
from tests.support.mlflow_servers import mlflow_running
from tests.support.ports import free_settings
from tests.support.strangers import stranger_running
from training.registry.client import CHAMPION, connect
from training.registry.errors import ForeignRegistryError
from training.registry.installation import Installation, keep_installation, read_installation

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The installation that started the server, which has version 1 as champion."""
    settings = free_settings(tmp_path_factory.mktemp("owner"))
    with mlflow_running(settings):
        claim_mlflow(settings)
        register_versions(settings)
        yield settings


def register_versions(settings: Settings) -> None:
    client = MlflowClient(settings.mlflow_tracking_uri)
    run = client.create_run("0")
    for _ in range(2):
        client.create_model_version(settings.model_name, f"{run.info.artifact_uri}/model", run.info.run_id)
    client.set_registered_model_alias(settings.model_name, CHAMPION, "1")


@pytest.fixture
def stranger(owner: Settings, tmp_path: Path) -> Settings:
    """Another installation, whose settings lead to the owner's port."""
    keep_installation(Installation("another", tmp_path))
    return Settings(var_dir=tmp_path, mlflow_port=owner.mlflow_port)


def status_of_champion(settings: Settings) -> str:
    return dict(describe_freshness(settings))["champion"]


def run_command(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    values = {"VAR_DIR": str(settings.var_dir), "MLFLOW_PORT": str(settings.mlflow_port)}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **values}, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_owner_reads_its_champion(owner: Settings) -> None:
    assert status_of_champion(owner) == "version 1"


def test_status_names_the_installation_that_answers_instead(owner: Settings, stranger: Settings) -> None:
    said = status_of_champion(stranger)

    assert "version" not in said
    assert f"belongs to the installation in VAR_DIR={owner.var_dir}" in said


@pytest.mark.parametrize(
    "command",
    [
        ("training.promote", "2"),
        ("training.promote", "--rollback"),
        ("serving.watch",),
        ("serving.watch", "--await-move", "60"),
        ("serving.watch", "--await-served", "60"),
    ],
    ids=" ".join,
)
def test_the_alias_of_another_installation_is_neither_moved_nor_followed(
    owner: Settings, stranger: Settings, command: tuple[str, ...]
) -> None:
    ended = run_command(stranger, *command)

    assert ended.returncode == 1
    said = ended.stderr.splitlines()
    assert f"belongs to the installation in VAR_DIR={owner.var_dir}" in said[-1]
    assert "Traceback" not in said[0]
    assert connect(owner.mlflow_tracking_uri, owner.model_name).resolve_alias(CHAMPION) == 1


@pytest.mark.parametrize("target", ["2", "--rollback"])
@pytest.mark.parametrize("kind", ["page", "other-object"])
def test_what_is_no_mlflow_ends_a_move_in_one_line(tmp_path: Path, kind: str, target: str) -> None:
    keep_installation(Installation("ours", tmp_path))

    with stranger_running(kind) as port:
        ended = run_command(Settings(var_dir=tmp_path, mlflow_port=port), "training.promote", target)

    assert ended.returncode == 1
    [said] = ended.stderr.splitlines()
    assert said.startswith("training.promote: ")


def test_a_claim_again_changes_nothing(owner: Settings) -> None:
    registry = connect(owner.mlflow_tracking_uri, owner.model_name)
    before = registry.read_mark()

    claim_mlflow(owner)

    assert registry.read_mark() == before
    assert registry.resolve_alias(CHAMPION) == 1


def test_a_server_elsewhere_that_is_anothers_is_not_claimed(owner: Settings, tmp_path: Path) -> None:
    values: dict[str, Any] = {"mlflow_tracking_uri": owner.mlflow_tracking_uri, "var_dir": tmp_path}
    newcomer = Settings(mlflow_port=owner.mlflow_port - 1, **values)

    with pytest.raises(SetupError, match="MLFLOW_TRACKING_URI is not ours"):
        claim_mlflow(newcomer)

    assert status_of_champion(owner) == "version 1"


def test_a_renamed_model_is_still_ours_and_a_new_one_beside_it_too(owner: Settings) -> None:
    client = MlflowClient(owner.mlflow_tracking_uri)
    client.rename_registered_model(owner.model_name, "wide_deep_old")
    registry = connect(owner.mlflow_tracking_uri, owner.model_name)

    registry.require_own(read_installation(owner.var_dir))
    client.create_registered_model(owner.model_name)
    registry.require_own(read_installation(owner.var_dir))

    with pytest.raises(ForeignRegistryError, match="is marked by no installation"):
        registry.require_own(Installation("another", owner.var_dir))
    client.delete_registered_model(owner.model_name)
    client.rename_registered_model("wide_deep_old", owner.model_name)
