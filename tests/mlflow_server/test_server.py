"""The real server, started as the launcher and as the container start it: there with the image's packages and files."""

import base64
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server.auth.client import AuthServiceClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from features.store_files import StoreFiles
from mlflow_server.health import ask
from settings import Settings
from shop.database import engine_scope, open_engine
from shop.migrate import migrate
from shop.tables import AuditLog
from tests.deploy.compose.image_environments import copy_tree, make_environment
from tests.support.mlflow_servers import mlflow_running
from tests.support.object_store import BUCKET, Fault, ObjectStore
from tests.support.ports import free_ports
from training.registry.audit_log import note_seen
from training.registry.client import CHAMPION, GIVEN_BY, Registry, connect
from training.registry.errors import RegistryError

ROOT = Path(__file__).parents[2]
SECRET = "only-for-this-test-0123456789"
DOCKERFILE = "mlflow_server/Dockerfile"


def interpreter_and_folder(where: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    if where == "here":
        return sys.executable, ROOT
    environment = make_environment(DOCKERFILE)
    return str(environment / "bin" / "python"), copy_tree(DOCKERFILE, tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module", params=["here", "as in the image"])
def server(
    request: pytest.FixtureRequest, object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A server with login whose files lie in an object store."""
    python, folder = interpreter_and_folder(request.param, tmp_path_factory)
    production = {"ENVIRONMENT": "production", "MLFLOW_ADMIN_PASSWORD": SECRET, "MLFLOW_SECRET_KEY": SECRET}
    production |= object_store.environment() | {"MLFLOW_ARTIFACTS_URI": f"s3://{BUCKET}/mlflow"}
    named: dict[str, Any] = {name.lower(): value for name, value in production.items()}
    settings = Settings(_env_file=None, var_dir=tmp_path_factory.mktemp("var"), mlflow_port=free_ports(1)[0], **named)
    with mlflow_running(settings, production, python=python, folder=folder):
        yield settings


def login() -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'admin:{SECRET}'.encode()).decode()}"}


def status_of(settings: Settings, headers: dict[str, str]) -> int:
    url = f"http://127.0.0.1:{settings.mlflow_port}/api/2.0/mlflow/experiments/search?max_results=1"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as err:
        return err.code


def test_the_api_answers_with_the_generated_login(server: Settings) -> None:
    ask(server)


def test_the_api_refuses_a_stranger(server: Settings) -> None:
    assert status_of(server, {}) == 401


def test_the_api_refuses_an_unknown_host_name(server: Settings) -> None:
    assert status_of(server, {"Host": "attacker.example"}) == 403


def test_another_installations_server_is_refused_in_words(server: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "of-another-installation-0123")
    registry = connect(f"http://127.0.0.1:{server.mlflow_port}", "wide_deep")

    with pytest.raises(RegistryError, match="another installation's answers there, or its password was changed"):
        registry.set_alias("champion", 1)


def test_databases_lie_under_var_dir(server: Settings) -> None:
    assert (server.var_dir / "mlflow" / "mlflow.db").is_file()
    assert (server.var_dir / "mlflow" / "login.db").is_file()


def test_a_version_can_be_logged_registered_and_given_an_alias(
    server: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    client = MlflowClient(f"http://127.0.0.1:{server.mlflow_port}")
    (tmp_path / "notes.txt").write_text("kept")

    run = client.create_run(client.create_experiment("trial"))
    client.log_metric(run.info.run_id, "ndcg", 0.5)
    client.log_artifact(run.info.run_id, str(tmp_path / "notes.txt"), "model")
    client.create_registered_model("trial")
    version = client.create_model_version("trial", f"{run.info.artifact_uri}/model", run.info.run_id)
    client.set_registered_model_alias("trial", "champion", version.version)

    champion = client.get_model_version_by_alias("trial", "champion")
    kept = client.download_artifacts(run.info.run_id, "model/notes.txt", str(tmp_path))
    assert champion.run_id == run.info.run_id
    assert client.get_run(run.info.run_id).data.metrics == {"ndcg": 0.5}
    assert Path(kept).read_text() == "kept"
    stored = f"mlflow/{run.info.experiment_id}/{run.info.run_id}/artifacts/model/notes.txt"
    assert StoreFiles(f"s3://{BUCKET}", server.object_store).read(stored) == b"kept", (
        "in the bucket, which no client saw"
    )


def test_a_store_of_files_that_is_full_fails_what_writes_to_it(
    server: Settings, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    client = MlflowClient(f"http://127.0.0.1:{server.mlflow_port}")
    (tmp_path / "notes.txt").write_text("lost")
    run = client.create_run("0")

    with (
        object_store.failing(Fault("PUT|POST", status=507, code="InsufficientStorage")),
        pytest.raises((MlflowException, OSError)),
    ):
        client.log_artifact(run.info.run_id, str(tmp_path / "notes.txt"))

    assert client.list_artifacts(run.info.run_id) == []


@pytest.fixture
def ada(server: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """MLflow as Ada reaches it, who may manage the model of this test; its two versions are nobody's yet."""
    uri = f"http://127.0.0.1:{server.mlflow_port}"
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    client, users = MlflowClient(uri), AuthServiceClient(uri)
    name = f"moved-{tmp_path.name}"
    client.create_registered_model(name)
    run = client.create_run("0")
    for _ in range(2):
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
    for user in ("ada", "guest"):
        users.create_user(user, SECRET)
    users.grant_user_permission("ada", "registered_model", name, "MANAGE")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    yield connect(uri, name)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    for user in ("ada", "guest"):
        users.delete_user(user)


def movers(engine: Engine) -> list[tuple[str, str | None]]:
    with Session(engine) as session:
        return [(row.actor, row.to_value) for row in session.scalars(select(AuditLog).order_by(AuditLog.audit_id))]


def test_the_audit_log_names_who_moved_the_alias_and_who_took_it_away(ada: Registry, tmp_path: Path) -> None:
    migrate(url := f"sqlite:///{tmp_path / 'shop.db'}")
    with engine_scope(open_engine(url)) as engine:
        ada.set_alias(CHAMPION, 2)
        note_seen(ada, engine, ada.resolve_version(CHAMPION), datetime.now(UTC))
        ada._client.delete_registered_model_alias(ada.model_name, CHAMPION)
        note_seen(ada, engine, None, datetime.now(UTC))

        assert movers(engine) == [("ada", "2"), ("ada", None)]


def test_who_may_not_move_the_alias_is_named_nowhere(ada: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    ada.set_alias(CHAMPION, 1)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "guest")

    with pytest.raises(RegistryError):
        ada.set_alias(CHAMPION, 1)

    assert ada.tags(1) == {GIVEN_BY: "ada"}


def test_an_alias_of_a_version_that_is_not_there_is_refused_as_ever(ada: Registry) -> None:
    with pytest.raises(RegistryError, match="not found"):
        ada.set_alias(CHAMPION, 99)


def test_the_pages_come_with_the_server(server: Settings) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{server.mlflow_port}/", headers=login())

    with urllib.request.urlopen(request, timeout=10) as answer:
        assert b"<title>MLflow</title>" in answer.read()
