"""Numbers and dates as a mapping says they are written."""

from datetime import UTC, datetime

import polars as pl
import pytest

from shop.loaders.exports.values import read_values
from shop.mapping.files import FileColumn, FileTable

PLAIN = FileTable(file="x.csv", columns={})
GERMAN = FileTable(
    file="x.csv",
    columns={},
    decimal=",",
    thousands=".",
    dates=("%d.%m.%Y %H:%M", "%d.%m.%Y"),
    time_zone="Europe/Berlin",
)


def read(kind: str, table: FileTable, *texts: str) -> tuple[list[object], list[bool]]:
    values, wrong = read_values(pl.Series(list(texts)), FileColumn.model_validate({"header": "x", "kind": kind}), table)
    return values.to_list(), wrong.to_list()


@pytest.mark.parametrize("blank", ["", "NULL", "\\N", "nan", " "])
def test_blanks_are_nothing_and_not_odd(blank: str) -> None:
    assert read("number", PLAIN, blank) == ([None], [False])


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        (PLAIN, "12.50", 12.5),
        (PLAIN, "12,50", None),
        (PLAIN, "1,234.50", None),
        (GERMAN, "1.234,50", 1234.5),
        (GERMAN, "1234,50", 1234.5),
        (GERMAN, "-1.234.567", -1234567.0),
        (GERMAN, "12.50", None),
        (GERMAN, "1.23,4", None),
        (GERMAN, "1,234.50", None),
    ],
)
def test_a_number_has_the_stated_marks_or_is_odd(table: FileTable, text: str, expected: float | None) -> None:
    assert read("number", table, text) == ([expected], [expected is None])


def test_whole_numbers_keep_all_digits() -> None:
    assert read("integer", PLAIN, "9007199254740993", "1.5") == ([9007199254740993, None], [False, True])


def test_texts_keep_every_character() -> None:
    assert read("text", PLAIN, "007", " 7 ", "ab", "AB")[0] == ["007", " 7 ", "ab", "AB"]


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        (GERMAN, "05.01.2026 10:30", datetime(2026, 1, 5, 9, 30, tzinfo=UTC)),
        (GERMAN, "05.07.2026", datetime(2026, 7, 4, 22, 0, tzinfo=UTC)),
        (GERMAN, "25.10.2026 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (GERMAN, "29.03.2026 02:30", None),
        (GERMAN, "01/05/2026", None),
        (GERMAN, "05.01.1026", None),
        (PLAIN, "2026-01-05 10:20:30 -0500", datetime(2026, 1, 5, 15, 20, 30, tzinfo=UTC)),
        (PLAIN, "2026-01-05", datetime(2026, 1, 5, tzinfo=UTC)),
        (PLAIN, "yesterday", None),
    ],
)
def test_a_date_is_of_a_stated_format_and_zone_or_is_odd(
    table: FileTable, text: str, expected: datetime | None
) -> None:
    assert read("instant", table, text) == ([expected], [expected is None])


def test_an_offset_counts_more_than_the_zone() -> None:
    table = PLAIN.model_copy(update={"time_zone": "Asia/Seoul"})

    values, _ = read("instant", table, "2026-01-05T09:00:00", "2026-01-05T09:00:00Z", "2026-01-05")

    assert values == [
        datetime(2026, 1, 5, 0, tzinfo=UTC),
        datetime(2026, 1, 5, 9, tzinfo=UTC),
        datetime(2026, 1, 4, 15, tzinfo=UTC),
    ]
