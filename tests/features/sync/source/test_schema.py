"""What the sync demands of a shop's tables and server before it reads a row."""

import pytest
from sqlalchemy import Engine

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from features.sync.source.schema import SchemaDriftError
from tests.features.shop_writes import execute
from tests.support.database_servers import DatabaseServer


def test_a_table_without_snapshots_is_refused_by_name(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "ALTER TABLE events ENGINE=MyISAM")

    with pytest.raises(SchemaDriftError, match=r"table events is kept in MyISAM.*ALTER TABLE events ENGINE=InnoDB"):
        sync_shop(server_shop, store)

    assert store.versions() == {}


def test_a_server_with_a_zone_of_its_own_is_a_warning(
    server_shop: Engine, any_server: DatabaseServer, store: MLStore
) -> None:
    any_server.execute("SET GLOBAL time_zone = '+09:00'")
    try:
        report = sync_shop(server_shop, store)
    finally:
        any_server.execute("SET GLOBAL time_zone = '+00:00'")

    (warning,) = report.warnings
    assert warning.startswith("the shop's server keeps time in +09:00: DATETIME columns must hold UTC")


def test_rows_stamped_hours_ahead_are_a_warning(server_shop: Engine, store: MLStore) -> None:
    execute(
        server_shop,
        "UPDATE orders SET updated_at = UTC_TIMESTAMP() + INTERVAL 9 HOUR WHERE order_id < 4",
        "UPDATE users SET updated_at = '2099-01-01'",
    )

    report = sync_shop(server_shop, store)

    assert report.warnings == [
        "orders has 3 rows that were changed up to 14 hours from now: its DATETIME columns must hold UTC, so let the "
        "shop's sessions run in time_zone '+00:00'"
    ]
