"""Pins have an owner and a time: renewed while in use, released otherwise."""

from datetime import UTC, datetime, timedelta

import polars as pl
from deltalake import write_deltalake

from features.maintain import maintain_store
from features.pins import PIN_RETENTION, PINS_TABLE, list_pins, load_pins, pin, release_expired, renew, unpin
from features.store import MLStore

NOW = datetime.now(UTC)


def pinned_before(store: MLStore, owner: str, days: float, **versions: int) -> None:
    """Pin some days ago."""
    pin(store, owner, versions, NOW)
    age_pins(store, owner, days)


def age_pins(store: MLStore, owner: str, days: float) -> None:
    rows = list_pins(store)
    at = NOW - timedelta(days=days)
    aged = rows.with_columns(pinned_at=pl.when(owner=owner).then(at).otherwise("pinned_at"))
    write_deltalake(store.table_uri(PINS_TABLE), aged, mode="overwrite")


def test_pinning_again_the_same_day_writes_nothing(store: MLStore) -> None:
    pin(store, "wide_deep/1", {"users": 1}, NOW)
    version = store.version(PINS_TABLE)

    pin(store, "wide_deep/1", {"users": 1}, NOW)

    assert store.version(PINS_TABLE) == version


def test_what_nobody_renewed_for_long_is_released_by_maintenance(store: MLStore) -> None:
    pinned_before(store, "wide_deep/old", PIN_RETENTION.days + 1, users=1)
    pinned_before(store, "wide_deep/new", PIN_RETENTION.days - 1, users=2)

    report = maintain_store(store)

    assert report.released_pins == ["wide_deep/old"]
    assert load_pins(store).versions == {"users": {2}}


def test_a_renewed_pin_stays_whatever_its_age(store: MLStore) -> None:
    pinned_before(store, "wide_deep/1", PIN_RETENTION.days + 1, users=1)

    renew(store, "wide_deep/1")

    assert release_expired(store, NOW - PIN_RETENTION) == []
    assert load_pins(store).versions == {"users": {1}}
    unpin(store, "wide_deep/1")
    assert load_pins(store).versions == {}


def test_a_pin_of_earlier_code_without_a_time_counts_as_young(store: MLStore) -> None:
    old = pl.DataFrame(
        [("wide_deep/1", NOW.isoformat(), '{"users": 1}')], schema=["owner", "as_of", "versions"], orient="row"
    )
    write_deltalake(store.table_uri(PINS_TABLE), old)

    assert release_expired(store, NOW - PIN_RETENTION) == []
    pin(store, "wide_deep/2", {"users": 2}, NOW)
    assert load_pins(store).versions == {"users": {1, 2}}
