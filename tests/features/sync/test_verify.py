"""Verification: what differs is found by range and repaired; what stays is said."""

from collections.abc import Callable

import polars as pl
import pytest
from deltalake import write_deltalake
from sqlalchemy import Engine

from features.store import KNOWN_UNTIL, MLStore
from features.sync.destination.versioned_table import VersionedTable
from features.sync.shop_sync import sync_shop
from features.sync.source.columns import SYNCED_TABLES, SyncedTable
from features.sync.source.reader import open_snapshot
from features.sync.source.sql import KeyRange
from features.sync.source.sums import checksum_rows, hash_rows
from shop.mapping.model import load_mapping
from tests.features.shop_writes import assert_equal, current


def spoil(store: MLStore, table: str, rows: pl.DataFrame) -> None:
    """Write rows past the sync, as a fault of the disk or of a person would."""
    write_deltalake(store.table_uri(table), rows, mode="overwrite")


@pytest.mark.parametrize("table", SYNCED_TABLES, ids=lambda table: table.name)
def test_shop_and_store_compute_the_same_sums(any_tiny_shop: Engine, store: MLStore, table: SyncedTable) -> None:
    sync_shop(any_tiny_shop, store)
    rows = VersionedTable(store, table).open_in(KeyRange())

    with open_snapshot(any_tiny_shop, load_mapping()) as snapshot:
        checksum, range_hash = snapshot.checksum_range(table, KeyRange()), snapshot.hash_range(table, KeyRange())

    assert checksum == checksum_rows(table, rows)
    assert range_hash == hash_rows(table, rows)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows.filter(pl.col("product_id") != 3), id="a row lost"),
        pytest.param(lambda rows: rows.with_columns(price=pl.col("price") * 2), id="every price doubled"),
        pytest.param(lambda rows: rows.with_columns(brand=pl.lit("")), id="text for text"),
        pytest.param(lambda rows: rows.with_columns(product_id=pl.col("product_id") + 1), id="keys shifted"),
    ],
)
def test_a_spoilt_store_is_repaired(
    tiny_shop: Engine, store: MLStore, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    sync_shop(tiny_shop, store)
    rows = store.scan("products").collect()
    spoil(store, "products", change(rows).cast(rows.schema))

    report = sync_shop(tiny_shop, store, verify=True)

    assert report.is_equal
    assert_equal(tiny_shop, store)
    verdict = (report.verification or {})["products"]
    repaired_before = report.tables["products"].version is not None
    assert repaired_before or verdict.num_repaired == verdict.num_differing > 0


def test_a_difference_that_stays_is_said(tiny_shop: Engine, store: MLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_shop(tiny_shop, store)
    rows = store.scan("products").collect()
    spoil(store, "products", rows.with_columns(price=pl.col("price") * 2).cast(rows.schema))
    monkeypatch.setattr("features.sync.table_sync.TableSync.commit", lambda _sync: None)  # a disk that keeps nothing

    report = sync_shop(tiny_shop, store, verify=True)

    assert not report.is_equal
    assert report.to_json()["state"] == "mismatch"
    assert not (report.verification or {})["products"].is_equal
    assert (report.verification or {})["orders"].is_equal
    assert "RANGES DIFFER" in report.to_table()
    assert (report.verdict or "").startswith("DIFFERS in products: 33 rows in")


def test_the_verdict_is_stored_with_the_run(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    sync_shop(tiny_shop, store, verify=True)

    runs = store.scan("_sync_runs").sort("run").collect()

    assert runs["run"].to_list() == [1, 2]
    assert runs["is_equal"].to_list() == [None, True]
    assert '"verification": {"is_equal": true' in runs["report"][1]


def test_closed_versions_do_not_count(tiny_shop: Engine, store: MLStore) -> None:
    sync_shop(tiny_shop, store)
    rows = store.scan("products").collect()
    old = rows.with_columns(pl.lit("Old name").alias("title"), pl.col("known_from").alias(KNOWN_UNTIL))
    spoil(store, "products", pl.concat([rows, old]))

    assert sync_shop(tiny_shop, store, verify=True).is_equal
    assert current(store, "products", "title")[1] == "Whole Milk 1 l"
