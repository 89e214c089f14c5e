"""The store's own side: lost and damaged files, and keys with two open versions, are made good by `--verify`."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake
from sqlalchemy import Engine

from features.store import TABLE_CONFIGURATION, MLStore
from features.store_failures import StoreError
from features.store_files import StoreFiles
from features.sync.shop_sync import sync_shop
from tests.features.shop_writes import assert_equal, assert_lives_are_sound, current, execute, versions_of
from tests.features.sync.behaviour.sync_worker import SyncWorker


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


def log_of(store: MLStore, table: str) -> Path:
    return Path(store.files.path(f"{table}/_delta_log"))


def change_users(engine: Engine, store: MLStore, times: int) -> None:
    """Sync, then rename users and sync again, so that each time files are rewritten and rows opened and closed."""
    sync_shop(engine, store)
    for number in range(1, times + 1):
        at = f"2026-02-{number:02d}"
        execute(engine, f"UPDATE users SET nickname = 'name {number}', updated_at = '{at}' WHERE user_id <= {number}")
        sync_shop(engine, store)


@pytest.mark.parametrize("version", [0, 1, 3, 4, 6], ids=["first", "second", "third", "fourth", "last"])
@pytest.mark.parametrize("damage", [lose, cut, overwrite_middle, empty])
def test_a_lost_or_torn_commit_is_named_and_then_repaired(
    tiny_shop: Engine, store: MLStore, damage: Callable[[Path], None], version: int
) -> None:
    change_users(tiny_shop, store, times=6)
    sound = store.scan("users", 0).collect()
    damage(log_of(store, "users") / f"{version:020d}.json")
    is_silent = (damage is empty and version > 0) or (damage, version) == (lose, 6)
    if not is_silent:
        with pytest.raises(StoreError, match=r"repaired by `python -m features\.sync --verify`") as said:
            sync_shop(tiny_shop, store)
        assert "\n" not in str(said.value)

    report = sync_shop(tiny_shop, store, verify=True)
    again = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert (again.warnings, again.is_equal) == ([], True)
    assert store.version("users") >= 6, "no number comes again"
    assert_equal(tiny_shop, store)
    assert_lives_are_sound(store)
    if (damage, version) != (lose, 6):
        assert report.warnings[0].startswith(f"users had lost or damaged files (versions {version}) in its log")
    if version > 0:
        assert store.scan("users", 0).collect().equals(sound), "what lies before is read as it was"
    if damage is not lose:
        (kept,) = Path(store.files.path("_damaged/users")).iterdir()
        assert kept.name.endswith(f"{version:020d}.json")


@pytest.mark.parametrize("damage", [lose, cut, overwrite_middle, empty])
def test_a_damaged_checkpoint_costs_no_row(
    tiny_shop: Engine, store: MLStore, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLE_CONFIGURATION, "delta.checkpointInterval", "2")
    change_users(tiny_shop, store, times=5)
    before = store.scan("users").sort("user_id", "known_from").collect()
    (*_older, newest) = sorted(log_of(store, "users").glob("*.checkpoint.parquet"))
    damage(newest)
    with pytest.raises(StoreError, match=r"features\.sync --verify"):
        sync_shop(tiny_shop, store)

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert report.tables["users"].counts.num_changed == 0
    assert store.scan("users").sort("user_id", "known_from").collect().equals(before)


@pytest.mark.parametrize(
    ("table", "place"), [("_lease", 0), ("_lease", -2), ("_sources", 0), ("_sync_runs", 0), ("_sync_runs", -1)]
)
def test_the_stores_own_tables_are_repaired_alike(tiny_shop: Engine, store: MLStore, table: str, place: int) -> None:
    sync_shop(tiny_shop, store)
    sync_shop(tiny_shop, store)
    cut(sorted(log_of(store, table).glob("*.json"))[place])
    with pytest.raises(StoreError, match=r"features\.sync --verify"):
        sync_shop(tiny_shop, store)

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.warnings[0].startswith(f"the store's own table {table} had lost or damaged commits")
    assert sync_shop(tiny_shop, store).warnings == []
    assert_equal(tiny_shop, store)


def test_a_store_that_does_not_answer_is_not_taken_for_damaged(
    tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_shop(tiny_shop, store)
    before = store.versions()

    def fail(*_arguments: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(StoreFiles, "_filesystem", fail)
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
    assert "products had 3 versions of rows that overlapped others: put in order" in report.warnings
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
