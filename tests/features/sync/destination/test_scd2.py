"""The life of a row, by hand: noon of day 1 to 9 of January 2026, seen on day 9."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from features.sync.destination.scd2 import TICK, Changes, diff, open_first, versioned_schema
from features.sync.source.columns import SYNCED_TABLES
from tests.support.tiny_shop import day

USERS = next(table for table in SYNCED_TABLES if table.name == "users")
BOUND = day(9)
FIRST = day(1)


def row(
    key: int = 1, nickname: str = "a", created: datetime | None = FIRST, updated: datetime | None = FIRST
) -> dict[str, Any]:
    return {"user_id": key, "nickname": nickname, "created_at": created, "updated_at": updated}


def shop(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=USERS.store_schema)


def stored(
    *rows: dict[str, Any], known_from: datetime | None = FIRST, known_until: datetime | None = None
) -> pl.DataFrame:
    lives = [{**one, "known_from": known_from, "known_until": known_until} for one in rows]
    return pl.DataFrame(lives, schema=versioned_schema(USERS))


def compare(rows: pl.DataFrame, newest: pl.DataFrame, *, orphan: bool = False, complete: bool = True) -> Changes:
    is_orphan = pl.Series([orphan] * rows.height, dtype=pl.Boolean)
    return diff(USERS, rows, is_orphan, newest, BOUND, is_complete=complete)


def begins(changes: Changes) -> list[datetime | None]:
    return changes.openings["known_from"].to_list()


def ends(changes: Changes) -> list[datetime]:
    return changes.closings["known_until"].to_list()


def test_the_same_row_changes_nothing() -> None:
    changes = compare(shop(row()), stored(row()))

    assert changes.openings.is_empty()
    assert changes.closings.is_empty()


@pytest.mark.parametrize(
    ("created", "updated", "expected"),
    [
        pytest.param(day(2), day(5), day(2), id="at its creation"),
        pytest.param(None, day(5), day(5), id="created on no date: at its last change"),
        pytest.param(None, None, BOUND, id="no date at all: now"),
        pytest.param(day(20), day(20), BOUND, id="created in the future: now"),
    ],
)
def test_a_first_version_begins(created: datetime | None, updated: datetime | None, expected: datetime) -> None:
    changes = compare(shop(row(created=created, updated=updated)), stored())

    assert begins(changes) == [expected]
    assert (changes.num_inserted, changes.num_changed) == (1, 0)


@pytest.mark.parametrize(
    ("updated", "expected"),
    [
        pytest.param(day(5), day(5), id="when it says"),
        pytest.param(day(1), BOUND, id="not stamped: when noticed"),
        pytest.param(None, BOUND, id="stamped with no date: when noticed"),
        pytest.param(day(20), BOUND, id="stamped in the future: when noticed"),
    ],
)
def test_a_change_begins_where_the_version_before_it_ends(updated: datetime | None, expected: datetime) -> None:
    changes = compare(shop(row(nickname="b", updated=updated)), stored(row()))

    assert begins(changes) == ends(changes) == [expected]
    assert (changes.num_inserted, changes.num_changed) == (0, 1)


def test_a_change_never_begins_before_the_version_that_it_follows() -> None:
    changes = compare(shop(row(nickname="b", updated=day(5))), stored(row(updated=day(1)), known_from=day(7)))

    assert begins(changes) == ends(changes) == [day(7) + TICK]


def test_a_row_gone_is_closed_when_noticed_and_only_if_all_rows_were_read() -> None:
    gone = compare(shop(), stored(row()))
    unseen = compare(shop(), stored(row()), complete=False)

    assert (ends(gone), gone.num_deleted) == ([BOUND], 1)
    assert (unseen.closings.height, unseen.num_deleted) == (0, 0)


@pytest.mark.parametrize(
    ("known_from", "end"),
    [
        pytest.param(BOUND - TICK, BOUND, id="begun before"),
        pytest.param(BOUND, BOUND + TICK, id="begun at the same instant"),
        pytest.param(day(20), day(20) + TICK, id="begun later, by a clock ahead"),
    ],
)
def test_a_row_gone_ends_later_than_it_began(known_from: datetime, end: datetime) -> None:
    assert ends(compare(shop(), stored(row(), known_from=known_from))) == [end]


def test_a_row_that_was_closed_is_not_closed_again() -> None:
    assert compare(shop(), stored(row(), known_until=day(3))).closings.is_empty()


@pytest.mark.parametrize(
    ("updated", "expected"),
    [
        pytest.param(day(6), day(6), id="created anew"),
        pytest.param(day(1), BOUND, id="restored as it was: when noticed"),
    ],
)
def test_a_row_that_comes_back_begins_after_its_end(updated: datetime, expected: datetime) -> None:
    changes = compare(shop(row(updated=updated)), stored(row(), known_until=day(3)))

    assert begins(changes) == [expected]
    assert (changes.num_revived, changes.closings.height) == (1, 0)


def test_an_orphan_is_stored_but_never_known() -> None:
    changes = compare(shop(row()), stored(), orphan=True)

    assert begins(changes) == [None]
    assert changes.num_quarantined == 1


def test_an_orphan_that_still_waits_changes_nothing() -> None:
    assert compare(shop(row()), stored(row(), known_from=None), orphan=True).openings.is_empty()


def test_an_orphan_whose_parent_came_is_known_from_then_on() -> None:
    changes = compare(shop(row()), stored(row(), known_from=None))

    assert begins(changes) == ends(changes) == [BOUND]
    assert changes.num_quarantined == -1


def test_an_orphan_that_is_gone_waits_no_more() -> None:
    changes = compare(shop(), stored(row(), known_from=None))

    assert (changes.num_quarantined, changes.num_deleted) == (-1, 1)


def test_a_change_of_a_row_that_had_no_date_begins_when_it_says() -> None:
    assert begins(compare(shop(row(nickname="b", updated=day(5))), stored(row(updated=None)))) == [day(5)]


@pytest.mark.parametrize(
    ("rows", "newest", "counts"),
    [
        pytest.param([row()], stored(), (1, 0, 0, 0, 0), id="new"),
        pytest.param([row()], stored(row()), (0, 0, 0, 1, 0), id="the same"),
        pytest.param([row(nickname="b")], stored(row()), (0, 1, 0, 1, 0), id="changed"),
        pytest.param([row(created=day(2))], stored(row()), (0, 1, 0, 1, 1), id="made anew"),
        pytest.param([row()], stored(row(), known_until=day(3)), (0, 0, 1, 0, 0), id="back"),
        pytest.param([row(created=day(2))], stored(row(), known_until=day(3)), (0, 0, 1, 0, 0), id="back, made anew"),
    ],
)
def test_what_happened_to_a_row_is_counted_once(
    rows: list[dict[str, Any]], newest: pl.DataFrame, counts: tuple[int, ...]
) -> None:
    changes = compare(shop(*rows), newest)

    inserted, changed, revived = changes.num_inserted, changes.num_changed, changes.num_revived
    assert (inserted, changed, revived, changes.num_known, changes.num_recreated) == counts


def test_a_first_load_and_a_comparison_with_nothing_agree() -> None:
    rows = shop(row(1), row(2, created=None))
    nobody = pl.Series([False, False])

    assert open_first(USERS, rows, nobody, BOUND).openings.equals(compare(rows, stored()).openings)
