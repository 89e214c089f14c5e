"""Fixtures that every folder of tests shares: empty shops on each database, and a tiny one to check by hand."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from features.store import MLStore
from settings import Settings, load_settings
from shop.database import open_engine
from shop.migrate import PLATFORM, SHOP
from tests.support.database_servers import KINDS, DatabaseServer, run_server
from tests.support.migrated_databases import MigratedDatabases, copy_migrated_file, migrate_file
from tests.support.object_store import ObjectStore, object_store_running
from tests.support.synthetic import make_synthetic_store
from tests.support.tiny_shop import fill_tiny_shop

ONE_INSTALLATION = ("tests/end_to_end", "tests/frontend", "tests/containers")
EACH_ALONE = ("tests/features/sync/behaviour/test_property.py",)
"""Files whose tests take minutes and share nothing that is dear: the processes that are free take them one by one."""

SETTINGS = {name.upper() for name in Settings.model_fields}


class WholeFilesScheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Runs the tests of a file in one process, and those of a folder that shares one installation.

    The largest go first, and the tests that stand alone last: they fill what time the processes have left.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path in EACH_ALONE:
            return nodeid
        return next((folder for folder in ONE_INSTALLATION if path.startswith(folder)), path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFilesScheduling:
    """Hand the tests out by `WholeFilesScheduling` where `make test` runs them in several processes."""
    return WholeFilesScheduling(config, log)


@pytest.fixture(scope="module", autouse=True)
def no_setting_left_behind() -> Iterator[None]:
    """Fail the file that leaves a variable which `Settings` reads: the files after it would read another platform's.

    Settings that were read once are kept in the process: they are forgotten, for the same reason.
    """
    before = _settings_in_environment()
    yield
    load_settings.cache_clear()
    assert _settings_in_environment() == before, "this file changed the environment of the files after it"


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An object store of this test session's own, moto's."""
    with object_store_running(tmp_path_factory.mktemp("object-store")) as running:
        yield running


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[DatabaseServer]:
    """A MariaDB server of this test session's own."""
    with run_server("mariadb") as server:
        yield server


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[DatabaseServer]:
    """A MySQL server of this test session's own."""
    with run_server("mysql") as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb_server: DatabaseServer) -> Iterator[str]:
    """The URL of an empty database on MariaDB with an account of its own, dropped after the test."""
    yield from _lend_database(mariadb_server)


@pytest.fixture
def mysql_url(mysql_server: DatabaseServer) -> Iterator[str]:
    """The URL of an empty database on MySQL with an account of its own, dropped after the test."""
    yield from _lend_database(mysql_server)


@pytest.fixture(params=KINDS)
def any_server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each of the two servers in turn."""
    server = request.getfixturevalue(f"{request.param}_server")
    assert isinstance(server, DatabaseServer)
    return server


@pytest.fixture(scope="session")
def migrated_databases() -> Callable[..., MigratedDatabases]:
    """Migrated databases by server and schemas, each lent to one test after another."""
    return cache(lambda server, *schemas: MigratedDatabases(server, schemas))


@pytest.fixture
def server_platform(
    any_server: DatabaseServer, migrated_databases: Callable[..., MigratedDatabases]
) -> Iterator[Engine]:
    """The platform's empty database on each of the two servers in turn, beside whatever else lies there."""
    with migrated_databases(any_server, PLATFORM).lend() as url:
        yield from _open(url)


@pytest.fixture
def any_server_url(any_server: DatabaseServer) -> Iterator[str]:
    """The URL of an empty database on each of the two servers in turn."""
    yield from _lend_database(any_server)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture(params=["sqlite", *KINDS])
def any_shop_url(request: pytest.FixtureRequest) -> str:
    """Each of the three databases in turn, empty."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite shop without rows, to copy."""
    return migrate_file(tmp_path_factory.mktemp("migrated"), (SHOP, PLATFORM))


@pytest.fixture
def empty_shop(sqlite_url: str, migrated_file: Path) -> Iterator[Engine]:
    """A migrated SQLite shop without rows, with the platform's tables beside its own."""
    copy_migrated_file(migrated_file, sqlite_url)
    yield from _open(sqlite_url)


@pytest.fixture(params=["sqlite", *KINDS])
def any_empty_shop(
    request: pytest.FixtureRequest, migrated_databases: Callable[..., MigratedDatabases]
) -> Iterator[Engine]:
    """A migrated shop without rows, on each of the three databases in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("empty_shop")
        return
    with migrated_databases(request.getfixturevalue(f"{request.param}_server"), SHOP, PLATFORM).lend() as url:
        yield from _open(url)


@pytest.fixture
def tiny_shop(empty_shop: Engine) -> Engine:
    """The shop of `tests/support/tiny_shop.py` on SQLite."""
    fill_tiny_shop(empty_shop)
    return empty_shop


def _settings_in_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in SETTINGS}


def _lend_database(server: DatabaseServer) -> Iterator[str]:
    url = server.create_database()
    yield url
    server.drop_database(url)


def _open(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def synthetic_store(tmp_path_factory: pytest.TempPathFactory) -> MLStore:
    """The ML store of `tests/support/synthetic.py`; read it, or write snapshots of other instants than AS_OF."""
    return make_synthetic_store(tmp_path_factory.mktemp("synthetic"))
