"""The store's own side: lost and damaged files, and keys with two open versions, are made good by `--verify`."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake
from sqlalchemy import Engine

from features.store import MLStore, StoreError
from features.sync.shop_sync import sync_shop
from tests.features.shop_writes import assert_equal, assert_lives_are_sound, current, execute, versions_of
from tests.features.sync.sync_worker import SyncWorker


def lose(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def overwrite_middle(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:40] + bytes(len(data) - 300) + data[-260:])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [lose, cut, overwrite_middle, empty])
def test_a_lost_or_damaged_file_is_named_and_then_repaired(
    tiny_shop: Engine, store: MLStore, damage: Callable[[Path], None]
) -> None:
    sync_shop(tiny_shop, store)
    execute(tiny_shop, "UPDATE users SET nickname = 'renamed', updated_at = '2026-02-01' WHERE user_id = 1")
    sync_shop(tiny_shop, store)
    (path,) = [Path(uri) for uri in store.open("order_items").file_uris()]
    damage(path)
    execute(tiny_shop, "UPDATE order_items SET quantity = 9, updated_at = '2026-02-01' WHERE order_item_id = 1")
    with pytest.raises(StoreError, match=r"repaired by `python -m features\.sync --verify`") as said:
        sync_shop(tiny_shop, store)
    assert "\n" not in str(said.value)

    report = sync_shop(tiny_shop, store, verify=True)
    again = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert report.warnings[0].startswith("order_items had 1 lost or damaged files in the store, with 10 row versions")
    assert report.tables["order_items"].counts.num_rows == 10
    assert (again.warnings, again.is_equal) == ([], True)
    assert len(versions_of(store, "users", 1)) == 2, "what lies in other files keeps its history"
    assert_equal(tiny_shop, store)
    assert_lives_are_sound(store)


def test_a_store_that_does_not_answer_is_not_taken_for_damaged(
    tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_shop(tiny_shop, store)
    before = store.versions()

    def fail(*_arguments: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(MLStore, "_filesystem", fail)
    with pytest.raises(StoreError, match="connection refused"):
        sync_shop(tiny_shop, store, verify=True)

    monkeypatch.undo()
    assert store.versions() == before


def test_of_two_open_versions_the_last_stays(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    rows = store.scan("products").collect()
    later = rows.head(2).with_columns(pl.col("known_from") + pl.duration(days=1), title=pl.lit("Later"))
    write_deltalake(store.table_uri("products"), pl.concat([rows, later, rows.tail(1)]), mode="overwrite")

    report = sync_shop(tiny_shop, store, verify=True)
    again = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert "products had 3 rows with two open versions in the store: the older ones were closed" in report.warnings
    assert (again.warnings, again.is_equal) == ([], True)
    assert again.tables["products"].counts.num_rows == 6
    assert_equal(tiny_shop, store)
    assert_lives_are_sound(store)


def test_a_store_of_earlier_code_opens_and_gets_the_thousandths_that_it_lacked(
    any_tiny_shop: Engine, store: MLStore
) -> None:
    execute(any_tiny_shop, "UPDATE products SET price = 1.255, updated_at = created_at WHERE product_id = 1")
    sync_shop(any_tiny_shop, store)
    rows = store.scan("products").cast({"price": pl.Decimal(12, 2)}).drop("stock").collect()
    store.overwrite("products", rows, metadata=store.metadata("products"))
    recorded = store.versions()

    report = sync_shop(any_tiny_shop, store)
    again = sync_shop(any_tiny_shop, store, verify=True)

    assert report.tables["products"].counts.num_changed == 6, "all six lack their stock"
    assert current(store, "products", "price")[1] == Decimal("1.255")
    assert_equal(any_tiny_shop, store)
    assert_lives_are_sound(store)
    assert all(table.version is None for table in again.tables.values())
    assert store.scan("products", recorded["products"]).collect().equals(rows), "a model's inputs are read as they were"


def test_a_store_of_earlier_code_is_upgraded_whole_or_not_at_all(
    server_shop: Engine, store: MLStore, sync_worker: SyncWorker
) -> None:
    sync_shop(server_shop, store)
    rows = store.scan("orders").cast({"total_amount": pl.Decimal(12, 2)}).collect()
    store.overwrite("orders", rows, metadata=store.metadata("orders"))

    assert sync_worker.sync(server_shop, store, die_at="collect orders") is None
    report = sync_worker.sync(server_shop, store, verify=True)

    assert report is not None
    assert report["state"] == "synced"
    assert report["tables"]["orders"]["num_changed"] == 0
    assert_equal(server_shop, store)
