"""Fixtures of hops 1 and 2: an empty store, the tiny shop on a real MariaDB server and in a store, its purchases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.purchases import Purchases, load_purchases
from features.shop_columns import SYNCED_TABLES
from features.store import MLStore
from features.sync import sync_shop
from shop.database import open_engine
from shop.migrate import migrate
from shop.tables import Base
from tests.features.sync_worker import SyncWorker
from tests.tiny_shop import day, fill_tiny_shop


@pytest.fixture
def store(tmp_path: Path) -> MLStore:
    """A store without tables."""
    return MLStore(str(tmp_path / "store"))


@pytest.fixture
def mariadb_shop(mariadb_url: str) -> Iterator[Engine]:
    """The shop of `tests/tiny_shop.py` on MariaDB, without the tables that the sync does not read."""
    engine = open_engine(mariadb_url)
    names = ["product_images", *(table.name for table in SYNCED_TABLES)]
    Base.metadata.create_all(engine, [Base.metadata.tables[name] for name in names])
    fill_tiny_shop(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["tiny_shop", "mariadb_shop"], ids=["sqlite", "mariadb"])
def any_tiny_shop(request: pytest.FixtureRequest) -> Engine:
    """The tiny shop on each of the two databases in turn."""
    engine = request.getfixturevalue(request.param)
    assert isinstance(engine, Engine)
    return engine


@pytest.fixture(scope="session")
def sync_worker() -> Iterator[SyncWorker]:
    """Syncs in processes of their own, which can be killed."""
    worker = SyncWorker()
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> MLStore:
    """The shop of `tests/tiny_shop.py` in a store; read it, write into a store of your own."""
    folder = tmp_path_factory.mktemp("tiny")
    engine = open_engine(f"sqlite:///{folder / 'shop.db'}")
    migrate(engine)
    fill_tiny_shop(engine)
    store = MLStore(str(folder / "store"))
    sync_shop(engine, store)
    engine.dispose()
    return store


@pytest.fixture(scope="session")
def tiny_purchases(tiny_store: MLStore) -> Purchases:
    """What the tiny shop had sold by noon of 25 January: every age is a whole number of days."""
    return load_purchases(tiny_store, day(25))
