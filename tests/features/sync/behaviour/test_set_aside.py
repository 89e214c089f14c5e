"""Rows with a value that the store cannot hold: each waits alone, is named and counted, and nothing else waits."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine

import features.sync.source.reader
import features.sync.source.session
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from features.sync.source.columns import SYNCED_TABLES
from features.sync.source.reader import open_snapshot
from features.sync.source.session import SourceError
from features.sync.source.sql import KeyRange
from shop.mapping.model import load_mapping
from tests.features.shop_writes import assert_equal, current, execute

TOO_MUCH = "UPDATE orders SET total_amount = 12222222210, updated_at = '2026-02-03 10:00:00' WHERE order_id = 5"


def test_an_amount_beyond_its_column_sets_its_row_aside_and_no_other(tiny_shop: Engine, store: MLStore) -> None:
    execute(tiny_shop, TOO_MUCH, "UPDATE users SET nickname = 'new', updated_at = '2026-02-03' WHERE user_id = 1")

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert sorted(current(store, "orders", "status")) == [1, 2, 3, 4, 6, 7]
    assert current(store, "users", "nickname")[1] == "new"
    assert report.tables["orders"].counts.num_set_aside == 1
    assert (report.verdict or "").endswith(", 1 that cannot be read set aside")
    (warning,) = report.warnings
    assert warning.startswith(
        "orders has a row that cannot be read and is set aside: order_id 5, total_amount is '1222"
    )


def test_what_was_known_of_a_row_stays_while_it_is_set_aside(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    before = current(store, "orders", "total_amount")
    execute(tiny_shop, TOO_MUCH)

    for _ in range(2):
        report = sync_shop(tiny_shop, store, verify=True)

        assert report.is_equal
        assert report.tables["orders"].counts.num_set_aside == 1
        assert current(store, "orders", "total_amount") == before


def test_a_row_that_can_be_read_again_crosses(tiny_shop: Engine, store: MLStore) -> None:
    execute(tiny_shop, TOO_MUCH)
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "UPDATE orders SET total_amount = 7, updated_at = '2020-01-01' WHERE order_id = 5")

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.tables["orders"].counts.num_set_aside == 0
    assert current(store, "orders", "total_amount")[5] == Decimal(7)
    assert_equal(tiny_shop, store)


def test_a_row_deleted_while_it_is_set_aside_is_closed(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "UPDATE product_reviews SET body = CAST(X'ff' AS TEXT)")
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "DELETE FROM product_reviews")

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.tables["product_reviews"].counts.num_set_aside == 0
    assert_equal(tiny_shop, store)


@pytest.mark.parametrize(
    ("change", "table", "reason"),
    [
        ("UPDATE users SET nickname = CAST(X'4dff' AS TEXT) WHERE user_id = 2", "users", "a text in it is not UTF-8"),
        ("UPDATE users SET nickname = CAST(X'fd22fd' AS TEXT) WHERE user_id = 2", "users", "a text in it is not UTF-8"),
        ("UPDATE products SET stock = 1.5 WHERE product_id = 2", "products", "stock is '1.5', which is no Int64"),
        ("UPDATE products SET stock = 'many' WHERE product_id = 2", "products", "stock is 'many', which is no Int64"),
        ("UPDATE products SET price = 9e999 WHERE product_id = 2", "products", "price is 'Inf', which is no Decimal"),
        ("UPDATE products SET price = 'free' WHERE product_id = 2", "products", "price is 'free', which is no Decimal"),
        ("UPDATE products SET stock = '1,2' WHERE product_id = 2", "products", "its columns cannot be told apart"),
    ],
)  # fmt: skip
def test_the_value_is_named(tiny_shop: Engine, store: MLStore, change: str, table: str, reason: str) -> None:
    execute(tiny_shop, change)

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert report.tables[table].counts.num_set_aside == 1
    assert reason in report.warnings[0]
    assert report.tables["orders"].counts.num_rows == 7


def test_children_of_a_row_set_aside_wait_like_any_orphan(tiny_shop: Engine, store: MLStore) -> None:
    execute(tiny_shop, TOO_MUCH)

    report = sync_shop(tiny_shop, store)

    assert report.tables["order_items"].counts.num_quarantined > 0


def test_a_key_beyond_63_bits_is_set_aside(server_shop: Engine, store: MLStore) -> None:
    execute(
        server_shop,
        "ALTER TABLE events MODIFY event_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT",
        "INSERT INTO events (event_id, event_key, event_type, product_id, request_id, occurred_at) VALUES "
        "(18446744073709551615, 'k', 'click', 1, 'r', NOW(6)), (7, 'l', 'click', 1, 'r', NOW(6))",
    )

    for _ in range(2):
        report = sync_shop(server_shop, store, verify=True)

        assert report.is_equal
        assert list(current(store, "events", "event_key")) == [7]
        assert "event_id 18446744073709551615, event_id is '18446744073709551615'" in report.warnings[0]


def test_very_many_unreadable_rows_end_the_run(
    tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.sync.source.reader, "MAX_SET_ASIDE", 3)
    execute(tiny_shop, "UPDATE order_items SET quantity = 'some'")

    with pytest.raises(SourceError, match=r"More than 3 rows of order_items cannot be read.*quantity is 'some'"):
        sync_shop(tiny_shop, store)

    assert store.versions() == {}


def test_a_page_that_takes_the_server_too_long_is_read_in_parts(
    server_shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(server_shop, "UPDATE order_items SET updated_at = created_at")
    monkeypatch.setattr(features.sync.source.session, "STATEMENT_SECONDS", 0.5)
    table = next(table for table in SYNCED_TABLES if table.name == "order_items")
    slow = table.packed_schema  # a view takes 0.12 s a row, so that ten rows are too many and four are not
    names = ", ".join(name for name in slow if name != "quantity")
    execute(
        server_shop,
        "RENAME TABLE order_items TO kept",
        f"CREATE VIEW order_items AS SELECT {names}, quantity + SLEEP(0.12) AS quantity FROM kept",
    )

    with open_snapshot(server_shop, load_mapping()) as snapshot:
        pages = [page.rows for _window, page in snapshot.pages_of_range(table, KeyRange())]

    assert [key for rows in pages for key in rows["order_item_id"]] == list(range(1, 11))
    assert max(rows.height for rows in pages) <= 4


def test_quotes_in_text_cost_no_more_than_other_characters(server_shop: Engine, store: MLStore) -> None:
    values = ", ".join(f"({key}, 1, 1, 5, REPEAT('\"', 65000))" for key in range(100, 120))
    execute(
        server_shop,
        "ALTER TABLE product_reviews MODIFY body LONGTEXT",
        f"INSERT INTO product_reviews (review_id, product_id, user_id, rating, body) VALUES {values}",
    )

    report = sync_shop(server_shop, store, verify=True)

    assert report.is_equal
    assert report.tables["product_reviews"].counts.num_set_aside == 0, "the server was asked for too much work"
    assert_equal(server_shop, store)


def test_the_server_ends_what_the_sync_has_left(server_shop: Engine) -> None:
    with open_snapshot(server_shop, load_mapping()) as snapshot:
        found = snapshot.session.connection.exec_driver_sql("SELECT @@wait_timeout, @@lock_wait_timeout").one()

    assert tuple(found) == (60, 10)


def test_a_snapshot_is_given_up_after_its_time(tiny_shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.sync.source.session, "SNAPSHOT_SECONDS", -1.0)

    with (
        open_snapshot(tiny_shop, load_mapping()) as snapshot,
        pytest.raises(SourceError, match=r"gives it up.*replica"),
    ):
        snapshot.session.keep_alive()
