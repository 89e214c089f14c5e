"""A real MLflow whose installation is not the model server's: another clone started it on the port that is ours."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from deploy.local.claim import claim_mlflow
from serving.online.alias_effects import Followup
from serving.online.reloader import ChampionWatcher
from serving.online.sources import Sources
from serving.online.webhook import ask_for_calls
from settings import Settings
from tests.serving.conftest import TrainedShop
from tests.support.mlflow_servers import mlflow_running
from tests.support.ports import free_settings
from training.registry.client import CHAMPION, Registry, connect
from training.registry.installation import Installation, keep_installation


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory, trained_shop: TrainedShop) -> Iterator[Settings]:
    """The installation that the server belongs to; version 1 of two is champion."""
    settings = free_settings(tmp_path_factory.mktemp("owner"))
    with mlflow_running(settings):
        claim_mlflow(settings)
        registry = connect(settings.mlflow_tracking_uri, settings.model_name)
        for _ in range(2):
            with registry.start_run("by a test", {}, {}) as run:
                registry.register(run, trained_shop.folder, "", {})
        registry.set_alias(CHAMPION, 1)
        yield settings


@pytest.fixture
def registry(owner: Settings) -> Registry:
    return connect(owner.mlflow_tracking_uri, owner.model_name)


@pytest.fixture
def sources(owner: Settings, registry: Registry, trained_shop: TrainedShop, shop_of_version: Engine) -> Sources:
    return Sources(registry, trained_shop.store, owner.var_dir, Followup(registry, shop_of_version))


def test_the_version_that_serves_stays_and_the_reason_is_said(
    owner: Settings, sources: Sources, registry: Registry, trained_shop: TrainedShop, tmp_path: Path
) -> None:
    ours = Sources(registry, trained_shop.store, tmp_path, sources.followup)
    watcher = ChampionWatcher(ours, poll_seconds=3600)
    shutil.copy(owner.var_dir / "installation.id", tmp_path)
    watcher.look()
    assert (watcher.current.version, watcher.failure) == (1, None)

    keep_installation(Installation("another", tmp_path))
    registry.set_alias(CHAMPION, 2)
    watcher.look()

    assert watcher.current.version == 1
    assert f"belongs to the installation in VAR_DIR={owner.var_dir}, not to the one in" in watcher.failure
    registry.set_alias(CHAMPION, 1)


def test_no_calls_are_asked_of_it(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_installation(Installation("another", tmp_path))
    monkeypatch.setattr("serving.online.webhook.RETRY_SECONDS", 0.05)

    asking = ask_for_calls(registry, tmp_path, "http://127.0.0.1:9/hooks/mlflow", "secret")
    asking.join(timeout=2)

    assert asking.is_alive(), "it asks again until its own MLflow answers"
    assert registry._client.list_webhooks() == []
    (tmp_path / "installation.id").unlink()
    asking.join(timeout=60)
    assert not asking.is_alive()
