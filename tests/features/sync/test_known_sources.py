"""A shop that is found in another place than before: the same rows are followed, other rows are not."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, insert, select

from features.store import MLStore
from features.sync.known_sources import SOURCES_TABLE
from features.sync.mass_delete_guard import AnotherShopError
from features.sync.shop_sync import sync_shop
from features.sync.source.reader import open_snapshot
from features.sync.table_sync import SyncOptions
from shop.database import open_engine
from shop.mapping.model import load_mapping
from shop.tables import Base, PlatformBase
from tests.features.shop_writes import assert_equal, execute
from tests.support.database_servers import DatabaseServer

LATER = "updated_at = '2026-02-03 10:00:00'"
ACCEPTED = SyncOptions(max_recreated_share=1.0, max_contradicting_share=1.0)


@pytest.fixture(params=["mysql", "mariadb", "sqlite"])
def replica(request: pytest.FixtureRequest, server_shop: Engine) -> Iterator[Engine]:
    """The rows of `server_shop` on a server of each kind: another database of the same one, or another server."""
    engine = open_engine(request.getfixturevalue("replica_url"))
    for metadata in (Base.metadata, PlatformBase.metadata):
        metadata.create_all(engine)
    with server_shop.connect() as theirs, engine.begin() as ours:
        for table in (*Base.metadata.sorted_tables, *PlatformBase.metadata.sorted_tables):
            if server_shop.dialect.has_table(theirs, table.name) and (rows := theirs.execute(select(table)).all()):
                ours.execute(insert(table), [dict(row._mapping) for row in rows])
    yield engine
    engine.dispose()


@pytest.fixture
def replica_url(request: pytest.FixtureRequest) -> Iterator[str]:
    kind = request.node.callspec.params["replica"]
    if kind == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: DatabaseServer = request.getfixturevalue(f"{kind}_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


def test_a_replica_with_the_same_rows_is_followed_with_a_warning_once(
    server_shop: Engine, replica: Engine, store: MLStore
) -> None:
    sync_shop(server_shop, store)
    execute(
        replica, f"UPDATE orders SET status = 'shipped', {LATER}", "DELETE FROM order_items WHERE order_item_id = 2"
    )

    moved = sync_shop(replica, store)
    again = sync_shop(replica, store)
    back = sync_shop(server_shop, store, options=SyncOptions(look_back=SyncOptions.look_back * 10**5))

    (warning,) = moved.warnings
    assert warning.startswith("the shop is now in ")
    assert warning.endswith("; all rows were compared, and it is known from now on")
    assert moved.tables["orders"].counts.num_changed == 7
    assert (again.warnings, back.warnings) == ([], [])
    assert store.scan(SOURCES_TABLE).collect().height == 2


def test_a_replica_that_lags_by_a_few_rows_is_followed(server_shop: Engine, replica: Engine, store: MLStore) -> None:
    execute(server_shop, f"UPDATE orders SET status = 'shipped', {LATER} WHERE order_id < 3")
    sync_shop(server_shop, store)

    sync_shop(replica, store)

    assert_equal(replica, store)


def test_another_database_with_other_rows_is_refused_until_accepted(
    server_shop: Engine, replica: Engine, store: MLStore
) -> None:
    sync_shop(server_shop, store)
    before = store.versions()
    execute(replica, "UPDATE users SET nickname = 'other', updated_at = created_at WHERE user_id < 4")

    with pytest.raises(AnotherShopError, match=r"is now in .*, it was in .* 3 of 33 rows are not .*--accept-source"):
        sync_shop(replica, store)

    assert store.versions() == before
    assert sync_shop(server_shop, store).warnings == [], "where the shop was is still known"
    report = sync_shop(replica, store, options=ACCEPTED)
    assert len(report.warnings) == 1
    assert_equal(replica, store)
    with pytest.raises(AnotherShopError):
        sync_shop(server_shop, store)


def test_a_source_is_known_by_the_servers_own_id(server_shop: Engine, any_server: DatabaseServer) -> None:
    variable = "server_uuid" if any_server.kind == "mysql" else "server_uid"
    with any_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT @@{variable}")
        (own,) = cursor.fetchone() or ()

    with open_snapshot(server_shop, load_mapping()) as snapshot:
        identity = snapshot.session.identity

    assert len(own) > 20
    assert identity == f"{variable}={own} database={server_shop.url.database}"


def test_a_file_is_known_by_its_path(tiny_shop: Engine) -> None:
    with open_snapshot(tiny_shop, load_mapping()) as snapshot:
        assert snapshot.session.identity == f"sqlite:{tiny_shop.url.database}"
