from pathlib import Path

import pytest
from sqlalchemy import Engine

from serving.online.alias_effects import Followup
from serving.online.reloader import ChampionWatcher
from serving.online.sources import Sources
from tests.serving.conftest import ScriptedRegistry, TrainedShop


@pytest.fixture
def sources(trained_shop: TrainedShop, registry: ScriptedRegistry, tmp_path: Path, shop_of_version: Engine) -> Sources:
    return Sources(registry, trained_shop.store, tmp_path, Followup(registry, shop_of_version))


@pytest.fixture
def watcher(sources: Sources) -> ChampionWatcher:
    """A watcher that serves version 1; tests look by hand."""
    watcher = ChampionWatcher(sources, poll_seconds=3600)
    watcher.look()
    assert watcher.current is not None
    return watcher
