"""What the sync demands of a shop's tables and server before it reads a row."""

import pytest
from sqlalchemy import Engine

from features.store import MLStore
from features.sync.shop_sync import sync_shop
from features.sync.source.schema import SchemaDriftError
from tests.features.shop_writes import assert_equal, execute
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


def test_an_extra_column_is_a_warning(server_shop: Engine, store: MLStore) -> None:
    execute(server_shop, "ALTER TABLE users ADD COLUMN shoe_size INT")

    report = sync_shop(server_shop, store)

    assert report.warnings == ["users has columns that do not cross: shoe_size"]
    assert_equal(server_shop, store)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("ALTER TABLE orders DROP COLUMN total_amount", "orders.total_amount is missing"),
        ("ALTER TABLE products CHANGE title name VARCHAR(500) NOT NULL", "products.title is missing"),
        ("ALTER TABLE order_items MODIFY unit_price DOUBLE NOT NULL", "order_items.unit_price should hold money"),
        ("ALTER TABLE order_items MODIFY unit_price DECIMAL(12, 4) NOT NULL", "unit_price should hold money"),
        ("ALTER TABLE users MODIFY nickname VARBINARY(400) NOT NULL", "users.nickname should hold text"),
        ("ALTER TABLE users MODIFY created_at DATE NOT NULL", "users.created_at should hold instant"),
        ("ALTER TABLE users MODIFY nickname VARCHAR(100) NULL", "users.nickname may be NULL"),
        ("ALTER TABLE events DROP PRIMARY KEY, ADD INDEX (event_id)", "events.event_id is not the primary key"),
        ("DROP TABLE user_coupons", "table user_coupons is missing"),
    ],
)  # fmt: skip
def test_a_changed_schema_stops_the_run_before_the_first_write(
    server_shop: Engine, store: MLStore, change: str, message: str
) -> None:
    sync_shop(server_shop, store)
    before = store.versions()
    execute(server_shop, "UPDATE categories SET name = 'new' WHERE category_id = 1", change)

    with pytest.raises(SchemaDriftError, match=message):
        sync_shop(server_shop, store)

    assert store.versions() == before
