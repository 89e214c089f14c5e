"""Fixtures of hop 1: an empty store, and the tiny shop on a real MariaDB server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.shop_columns import SYNCED_TABLES
from features.store import MLStore
from shop.database import open_engine
from shop.tables import Base
from tests.features.sync_worker import SyncWorker
from tests.tiny_shop import fill_tiny_shop


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


@pytest.fixture(scope="session")
def sync_worker() -> Iterator[SyncWorker]:
    """Syncs in processes of their own, which can be killed."""
    worker = SyncWorker()
    yield worker
    worker.close()
