"""Maintenance loses no row, keeps what is pinned, and deletes what nobody needs."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from features.maintain import main, maintain_store
from features.pins import load_pins, pin, unpin
from features.store import TABLE_CONFIGURATION, MLStore
from features.store_failures import StoreError
from features.sync.destination import data_files
from features.sync.lease import LeaseTakenError, hold_lease
from features.sync.shop_sync import sync_shop
from tests.features.shop_writes import assert_equal, current, execute, versions_of

NOW = datetime.now(UTC)
AT_ONCE = timedelta(0)


def change_often(shop: Engine, store: MLStore, times: int) -> None:
    for number in range(times):
        execute(shop, f"UPDATE users SET nickname = 'name {number}' WHERE user_id = 1")
        sync_shop(shop, store)


def files_of(store: MLStore, table: str) -> list[Path]:
    return list(Path(store.files.path(table)).glob("*.parquet"))


def test_many_files_become_few_and_every_version_stays(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    change_often(tiny_shop, store, 12)
    before, watermark = versions_of(store, "users", 1), store.metadata("users")["watermark"]

    report = maintain_store(store, retention=AT_ONCE)

    assert report.compacted.keys() == {"users"}
    assert len(files_of(store, "users")) == 1
    assert versions_of(store, "users", 1) == before
    assert len(before) == 13
    assert store.metadata("users")["watermark"] == watermark
    assert_equal(tiny_shop, store)
    assert sync_shop(tiny_shop, store, verify=True).is_equal


def test_a_tidy_store_is_left_alone(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    before = store.versions()

    maintain_store(store)

    assert store.versions() == before


def test_pinned_versions_outlive_the_retention(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    change_often(tiny_shop, store, 2)
    pinned = {"users": 1}
    pin(store, "wide_deep/1", pinned, NOW)
    pin(store, "wide_deep/1", pinned, NOW)
    change_often(tiny_shop, store, 9)

    maintain_store(store, retention=AT_ONCE)

    assert store.scan("users", 1).collect().height == 5
    with pytest.raises(StoreError, match=r"no longer keeps version \d of the table 'users'"):
        store.scan("users", 2).collect()

    unpin(store, "wide_deep/1")
    change_often(tiny_shop, store, 1)
    maintain_store(store, retention=AT_ONCE)
    with pytest.raises(StoreError, match=r"no longer keeps version \d of the table 'users'"):
        store.scan("users", 1).collect()


def test_a_version_younger_than_the_retention_stays_however_old_its_files_are(
    tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_shop(tiny_shop, store)
    first = store.version("users")
    monkeypatch.setattr(data_files, "_now_millis", lambda: int((NOW - timedelta(days=29)).timestamp() * 1000))
    change_often(tiny_shop, store, 1)
    monkeypatch.undo()
    long_ago = (NOW - timedelta(days=60)).timestamp()
    for file in files_of(store, "users"):
        os.utime(file, (long_ago, long_ago))
    store.open("users").create_checkpoint()

    maintain_store(store)

    assert store.scan("users", first).collect().height == 4


def test_tables_of_earlier_code_get_the_properties_of_today(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    store.open("users").alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 7 days"})
    watermark = store.metadata("users")["watermark"]

    maintain_store(store)

    assert store.open("users").metadata().configuration == TABLE_CONFIGURATION
    assert store.metadata("users")["watermark"] == watermark
    assert sync_shop(tiny_shop, store, verify=True).is_equal


def test_no_retention_is_longer_than_what_tables_remember(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--retention-days", "366"])

    assert "--retention-days is at most 365" in capsys.readouterr().err


def test_files_of_killed_runs_are_deleted(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    left_over = Path(store.files.path("users")) / "left-over.parquet"
    pl.DataFrame({"user_id": [1]}).write_parquet(left_over)

    report = maintain_store(store, retention=AT_ONCE)

    assert not left_over.exists()
    assert report.deleted_files["users"] == 1
    assert current(store, "users", "nickname")[1] == "민지"


def test_old_snapshots_go_but_the_newest_and_the_pinned(store: MLStore) -> None:
    instants = [(NOW - timedelta(days=days)).isoformat() for days in (300, 200, 100, 95)]
    for instant in instants:
        frame = pl.DataFrame({"as_of": instant, "value": [1, 2]})
        store.overwrite("snapshot_users", frame, where={"as_of": instant})
        store.overwrite("snapshots", frame.head(1), where={"as_of": instant})
    pin(store, "wide_deep/1", {}, datetime.fromisoformat(instants[1]))

    report = maintain_store(store, snapshot_retention=timedelta(days=90))

    assert report.dropped_snapshots == [instants[0], instants[2]]
    for table in ("snapshots", "snapshot_users"):
        assert sorted(store.scan(table).collect()["as_of"].unique()) == sorted([instants[1], instants[3]])


def test_nothing_is_done_while_a_sync_is_at_work(store: MLStore) -> None:
    with hold_lease(store), pytest.raises(LeaseTakenError):
        maintain_store(store)


def test_pins_of_all_owners_are_gathered(store: MLStore) -> None:
    assert load_pins(store).versions == {}

    pin(store, "wide_deep/1", {"users": 1, "orders": 2}, NOW)
    pin(store, "it's/2", {"users": 4}, NOW - timedelta(days=1))

    assert load_pins(store).versions == {"users": {1, 4}, "orders": {2}}
    unpin(store, "it's/2")
    assert load_pins(store).versions == {"users": {1}, "orders": {2}}
    assert load_pins(store).as_ofs == {NOW.isoformat()}
