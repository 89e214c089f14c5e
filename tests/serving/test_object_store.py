"""The second half of the data's way with its store in an object store: training, scoring, the model server."""

import json
import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

import training.run
from features import rebuild
from features.pins import list_pins
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from serving import score
from serving.batch.batch_state import fetch_pointed_batch
from serving.online.alias_effects import Followup
from serving.online.reloader import ChampionWatcher
from serving.online.sources import Sources
from settings import Settings, load_settings
from shop.database import engine_scope, open_engine
from tests.serving.conftest import AS_OF, NUM_BUCKETS, SMALL, TrainedShop
from tests.support.object_store import BUCKET, Fault, ObjectStore
from training.registry.client import CHAMPION, Registry, connect
from training.registry.installation import draw_installation, keep_installation
from training.run import run_training

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def settings(
    object_store: ObjectStore, trained_shop: TrainedShop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """An installation whose store is in the bucket, synced and rebuilt; settings and folder are this process's."""
    home = tmp_path_factory.mktemp("remote")
    shutil.copyfile(trained_shop.database, home / "shop.db")
    keep_installation(draw_installation(home))
    values = {
        **{name: "" for name in os.environ if name.startswith("AWS_")},
        **object_store.environment(),
        "VAR_DIR": str(home),
        "ML_STORE_URI": f"s3://{BUCKET}/serving",
        "PLATFORM_DATABASE_URL": f"sqlite:///{home / 'shop.db'}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)  # a client without a server keeps artefacts in ./mlruns
        for name, value in values.items():
            patch.setenv(name, value)
        load_settings.cache_clear()
        store = MLStore.of(load_settings())
        with engine_scope(open_engine(load_settings().shop_database_url)) as shop:
            sync_shop(shop, store)
        rebuild.rebuild(store, AS_OF, NUM_BUCKETS)
        yield load_settings()
    load_settings.cache_clear()


@pytest.fixture(scope="module")
def registry(settings: Settings) -> Registry:
    """MLflow with the version that was trained from the bucket, the champion."""
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    trained = run_training(settings, registry, SMALL, AS_OF)
    registry.set_alias(CHAMPION, int(str(trained["version"])))
    return registry


def test_a_version_is_trained_from_the_bucket_and_its_rows_are_pinned_there(
    settings: Settings, registry: Registry, trained_shop: TrainedShop
) -> None:
    pins = list_pins(MLStore.of(settings))

    assert registry.resolve_alias(CHAMPION) == 1
    [versions] = pins["versions"].to_list()
    assert json.loads(versions).keys() == {name for name in trained_shop.store.versions() if "snapshot" not in name}


def test_all_users_are_scored_and_the_model_server_opens_the_same_snapshot(
    settings: Settings, registry: Registry, trained_shop: TrainedShop
) -> None:
    assert score.main([]) == 0

    with engine_scope(open_engine(settings.platform_database_url)) as platform:
        batch = fetch_pointed_batch(platform)
        watcher = watch(settings, registry, platform)
        watcher.look()
    assert batch is not None
    assert watcher.failure is None
    assert watcher.current.as_of == AS_OF
    assert sorted(watcher.current.snapshot.arrays.user_ids) == trained_shop.snapshot.user_ids().tolist()


@pytest.mark.parametrize("main", [training.run.main, score.main], ids=["training", "scoring"])
def test_a_store_that_fails_ends_a_command_in_one_line(
    settings: Settings,
    registry: Registry,
    object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    main: Callable[[list[str]], int],
) -> None:
    monkeypatch.setattr("features.store.TIMEOUTS", {"timeout": "1s", "retry_timeout": "2s"})

    with object_store.failing(Fault(status=503, code="SlowDown")):
        code = main([])

    *_, last = capfd.readouterr().err.strip().splitlines()
    assert code == 1
    assert "the store says SlowDown (SlowDown). Run the command again" in last


def test_the_model_server_serves_on_while_the_store_fails_and_says_so(
    settings: Settings,
    registry: Registry,
    object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    tiny_shop: Engine,
) -> None:
    monkeypatch.setattr("features.store.TIMEOUTS", {"timeout": "1s", "retry_timeout": "2s"})
    watcher = watch(settings, registry, tiny_shop)
    watcher.look()

    with object_store.failing(Fault(status=503, code="SlowDown")):
        watcher.look()

    assert watcher.current.version == 1
    assert "SlowDown" in watcher.failure
    watcher.look()
    assert watcher.failure is None


def watch(settings: Settings, registry: Registry, platform: Engine) -> ChampionWatcher:
    sources = Sources(registry, MLStore.of(settings), settings.var_dir, Followup(registry, platform))
    return ChampionWatcher(sources, poll_seconds=3600)
