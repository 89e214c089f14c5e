"""Fixtures of hop 1: an empty store, and the tiny shop on a real MariaDB server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.store import MLStore
from shop.database import open_engine
from shop.migrate import migrate
from tests.tiny_shop import fill_tiny_shop


@pytest.fixture
def store(tmp_path: Path) -> MLStore:
    """A store without tables."""
    return MLStore(str(tmp_path / "store"))


@pytest.fixture
def mariadb_shop(mariadb_url: str) -> Iterator[Engine]:
    """The shop of `tests/tiny_shop.py` on MariaDB."""
    engine = open_engine(mariadb_url)
    migrate(engine)
    fill_tiny_shop(engine)
    yield engine
    engine.dispose()
