"""The version before, which serves again without being loaded, and its kept lists."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from features.rebuild import rebuild
from features.store import MLStore
from serving.batch.batch_state import fetch_pointed_batch
from serving.batch.job import publish_scores
from serving.champion import Champion, load_champion
from serving.online.reloader import ChampionWatcher
from serving.online.sources import Sources
from tests.serving.conftest import AS_OF, NUM_BUCKETS, ScriptedRegistry, TrainedShop


def publish_both(trained_shop: TrainedShop, engine: Engine, *versions: int) -> None:
    for version in versions:
        publish_scores(trained_shop.score_as(version, engine), "champion", str)


def serve(watcher: ChampionWatcher, registry: ScriptedRegistry, *versions: int) -> None:
    for version in versions:
        registry.aliases["champion"] = version
        watcher.look()


def test_the_version_before_serves_again_without_loading(sources: Sources, registry: ScriptedRegistry) -> None:
    loaded: list[int] = []

    def load(*arguments: Any) -> Champion:
        loaded.append(arguments[3])
        return load_champion(*arguments)

    watcher = ChampionWatcher(sources, 3600, load)
    for version in (1, 2, 1, 2):
        registry.aliases["champion"] = version
        watcher.look()
        assert watcher.current.version == version

    assert loaded == [1, 2]


def test_the_version_before_serves_again_on_the_newest_snapshot(
    sources: Sources, registry: ScriptedRegistry, tmp_path: Path
) -> None:
    store = MLStore(str(tmp_path / "store"))
    shutil.copytree(sources.store.uri, store.uri)
    watcher = ChampionWatcher(replace(sources, store=store), 3600)
    for version in (1, 2):
        registry.aliases["champion"] = version
        watcher.look()
    rebuild(store, AS_OF + timedelta(days=1), NUM_BUCKETS)
    registry.aliases["champion"] = 1

    watcher.look()

    assert (watcher.current.version, watcher.current.as_of) == (1, AS_OF + timedelta(days=1))


def test_kept_lists_do_not_wait_until_the_version_is_loaded(
    sources: Sources,
    watcher: ChampionWatcher,
    registry: ScriptedRegistry,
    trained_shop: TrainedShop,
    shop_of_version: Engine,
) -> None:
    serve(watcher, registry, 1, 2)
    publish_both(trained_shop, shop_of_version, 1, 2)
    shown_while_loading: list[str | None] = []

    def load(*arguments: Any) -> Champion:
        shown_while_loading.append(fetch_pointed_batch(shop_of_version))
        return load_champion(*arguments)

    serve(ChampionWatcher(sources, 3600, load), registry, 1)

    assert ["-v1-" in batch_id for batch_id in shown_while_loading] == [True]


def test_kept_lists_of_a_version_that_must_not_serve_stay_away(
    watcher: ChampionWatcher, registry: ScriptedRegistry, trained_shop: TrainedShop, shop_of_version: Engine
) -> None:
    serve(watcher, registry, 2, 1)
    publish_both(trained_shop, shop_of_version, 2, 1)
    registry.written_tags[2] = {"verdict": "refuse", "reason": "worse than chance."}

    serve(watcher, registry, 2)

    assert "-v1-" in fetch_pointed_batch(shop_of_version)


def test_lists_of_an_overtaken_scoring_are_put_right_at_the_next_look(
    watcher: ChampionWatcher, registry: ScriptedRegistry, trained_shop: TrainedShop, shop_of_version: Engine
) -> None:
    registry.aliases["champion"] = 2
    for version in (2, 1):
        publish_scores(trained_shop.score_as(version, shop_of_version), "champion", str)
        watcher.look()

    assert fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(2)
