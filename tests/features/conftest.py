"""Fixtures of hops 1 and 2: an empty store, the tiny shop on real servers and in a store, its purchases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.snapshot.purchases import Purchases, load_purchases
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from features.sync.source.columns import SYNCED_TABLES
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from shop.tables import Base, PlatformBase
from tests.features.sync.behaviour.sync_worker import SyncWorker
from tests.support.tiny_shop import day, fill_tiny_shop


@pytest.fixture
def store(tmp_path: Path) -> MLStore:
    """A store without tables."""
    return MLStore(str(tmp_path / "store"))


@pytest.fixture
def server_shop(any_server_url: str) -> Iterator[Engine]:
    """The shop of tests/support/tiny_shop.py on each server in turn, without tables that the sync does not read."""
    yield from _open_tiny(any_server_url)


@pytest.fixture
def any_tiny_shop(any_shop_url: str) -> Iterator[Engine]:
    """The same shop on each of the three databases in turn."""
    yield from _open_tiny(any_shop_url)


def _open_tiny(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    names = ["product_images", *(table.name for table in SYNCED_TABLES)]
    for metadata in (Base.metadata, PlatformBase.metadata):
        metadata.create_all(engine, [table for table in metadata.sorted_tables if table.name in names])
    fill_tiny_shop(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def sync_worker() -> Iterator[SyncWorker]:
    """Syncs in processes of their own, which can be killed."""
    worker = SyncWorker()
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> MLStore:
    """The shop of `tests/support/tiny_shop.py` in a store; read it, write into a store of your own."""
    folder = tmp_path_factory.mktemp("tiny")
    engine = open_engine(f"sqlite:///{folder / 'shop.db'}")
    migrate(engine)
    migrate(engine, PLATFORM)
    fill_tiny_shop(engine)
    store = MLStore(str(folder / "store"))
    sync_shop(engine, store)
    engine.dispose()
    return store


@pytest.fixture(scope="session")
def tiny_purchases(tiny_store: MLStore) -> Purchases:
    """What the tiny shop had sold by noon of 25 January: every age is a whole number of days."""
    return load_purchases(tiny_store, day(25))
