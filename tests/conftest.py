"""Fixtures that every folder of tests shares: empty shops on both databases, and a tiny one to check by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.store import MLStore
from shop.database import open_engine
from shop.migrate import migrate
from tests.mariadb import MariaDbServer, run_mariadb
from tests.synthetic import make_synthetic_store
from tests.tiny_shop import fill_tiny_shop


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDbServer]:
    """A MariaDB server of this test session's own."""
    with run_mariadb() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb_server: MariaDbServer) -> Iterator[str]:
    """The URL of an empty database, without tables, dropped after the test."""
    url = mariadb_server.create_database()
    yield url
    mariadb_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture(params=["sqlite", "mariadb"])
def any_shop_url(request: pytest.FixtureRequest) -> str:
    """Each of the two databases in turn, empty."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def empty_shop(sqlite_url: str) -> Iterator[Engine]:
    """A migrated SQLite shop without rows."""
    yield from _open_migrated(sqlite_url)


@pytest.fixture
def any_empty_shop(any_shop_url: str) -> Iterator[Engine]:
    """A migrated shop without rows, on each of the two databases in turn."""
    yield from _open_migrated(any_shop_url)


@pytest.fixture
def tiny_shop(empty_shop: Engine) -> Engine:
    """The shop of `tests/tiny_shop.py` on SQLite."""
    fill_tiny_shop(empty_shop)
    return empty_shop


def _open_migrated(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def synthetic_store(tmp_path_factory: pytest.TempPathFactory) -> MLStore:
    """The ML store of `tests/synthetic.py`; read it, or write snapshots of other instants than AS_OF."""
    return make_synthetic_store(tmp_path_factory.mktemp("synthetic"))
