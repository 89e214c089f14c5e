"""Hash and checksum of rows: the store's equal the shop's (see test_verify.py), and both notice every change."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from features.sync.source.columns import SYNCED_TABLES
from features.sync.source.sums import hash_rows
from shop.mapping.canonical import UPDATED_AT

USERS = next(table for table in SYNCED_TABLES if table.name == "users")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def rows(*of: tuple[int, datetime | None]) -> pl.DataFrame:
    keys, instants = zip(*of, strict=True)
    return pl.DataFrame(
        {"user_id": keys, UPDATED_AT: instants},
        schema={"user_id": pl.Int64(), UPDATED_AT: pl.Datetime("us", "UTC")},
    )


@pytest.mark.parametrize("key", [0, 1, 2**29, 2**31 - 1, 2**31, 4_294_967_291, 2**62 + 3, 2**63 - 1, -1, -(2**63)])
@pytest.mark.parametrize(
    "moved",
    [TICK, timedelta(seconds=1) - TICK, 2**31 * TICK, (2**31 - 1) * TICK, 2**32 * TICK, timedelta(seconds=2**31)],
    ids=["1", "a second less 1", "2^31", "2^31 - 1", "2^32", "2^31 seconds"],
)
def test_a_date_that_moves_is_seen_whatever_the_key(key: int, moved: timedelta) -> None:
    assert hash_rows(USERS, rows((key, NOON))) != hash_rows(USERS, rows((key, NOON + moved)))


@pytest.mark.parametrize("instant", [NOON, datetime(1970, 1, 1, tzinfo=UTC), None], ids=["a date", "1970", "none"])
@pytest.mark.parametrize("other", [2, 2**29 + 1, 2**31, 2**31 - 1 + 1, 2**33 + 1, 2**62 + 1, -1])
def test_a_key_that_changes_is_seen(instant: datetime | None, other: int) -> None:
    assert hash_rows(USERS, rows((1, instant))) != hash_rows(USERS, rows((other, instant)))


@pytest.mark.parametrize("other", [2, 2**29, 2**29 + 1, 2**31])
def test_dates_that_change_places_are_seen(other: int) -> None:
    later = NOON + timedelta(days=3, microseconds=7)

    there = hash_rows(USERS, rows((1, NOON), (other, later)))

    assert there != hash_rows(USERS, rows((1, later), (other, NOON)))


def test_no_rows_are_none() -> None:
    assert hash_rows(USERS, rows((1, NOON)).clear()) == (0, 0)
