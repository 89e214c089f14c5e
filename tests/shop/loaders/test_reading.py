from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from shop.loaders.canonical import Column, Kind
from shop.loaders.reading import blank_to_null, read_column

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

READABLE: list[tuple[Kind, list[Any], list[Any]]] = [
    ("id", [1, 2], [1, 2]),
    ("id", ["1", " 22 ", "3.0"], [1, 22, 3]),
    ("id", [1.0, float("nan"), 3.0], [1, None, 3]),
    ("id", [2**63 - 1], [2**63 - 1]),
    ("money", ["12.5", ".5", "3"], [Decimal("12.50"), Decimal("0.50"), Decimal("3.00")]),
    ("money", [19.99, 0.1 + 0.2, 29900], [Decimal("19.99"), Decimal("0.30"), Decimal("29900.00")]),
    ("money", [Decimal("1.239")], [Decimal("1.24")]),
    ("boolean", ["TRUE", "no", "1"], [True, False, True]),
    ("boolean", [1, 0], [True, False]),
    ("instant", ["2026-01-31T12:00:00Z", "2026-01-31 12:00", "2026-01-31 21:00:00.000+09:00"], [NOON] * 3),
    ("instant", ["2026-01-31 12:00:00 UTC", "2026-01-31T07:00:00-0500", "2026-01-31 17:00+05"], [NOON] * 3),
    ("instant", ["2026-01-31"], [NOON - timedelta(hours=12)]),
    ("instant", [date(2026, 1, 31)], [NOON - timedelta(hours=12)]),
    ("instant", [datetime(2026, 1, 31, 12)], [NOON]),  # noqa: DTZ001
    ("instant", [NOON.astimezone(timezone(timedelta(hours=9)))], [NOON]),
    ("text", ["a", "", "  "], ["a", None, None]),
    ("text", ["NULL", "\\N", "<NA>", "#N/A", "NaN"], [None] * 5),
    ("text", ["None", "Na", "null", "-"], ["None", "Na", "null", "-"]),
    ("id", ["7", "NULL", "\\N", "nan", " n/a "], [7, None, None, None, None]),
    ("money", ["7.5", "null", "None", "-", "<NA>"], [Decimal("7.50"), None, None, None, None]),
    ("boolean", ["yes", "NaN", "#N/A"], [True, None, None]),
    ("instant", ["2026-01-31", "NaT", "\\N"], [NOON - timedelta(hours=12), None, None]),
    ("text", [7], ["7"]),
    ("stock", [-2, 0, 7], [0, 0, 7]),
    ("stock", ["-2", "NULL", "7.0"], [0, None, 7]),
    ("pieces", ["0.35", "1.5", "2.4", "-0.2", "-3", "\\N"], [1, 2, 2, -1, -3, None]),
    ("pieces", [0.35, float("nan"), 2.5], [1, None, 3]),
    ("pieces", [4, -1], [4, -1]),
]


@pytest.mark.parametrize(("kind", "given", "expected"), READABLE)
def test_readable_values(kind: Kind, given: list[Any], expected: list[Any]) -> None:
    column = Column("x", kind)

    assert read_column(blank_to_null(pl.Series(given, strict=False), column), column).to_list() == expected


UNREADABLE: list[tuple[Kind, Any]] = [
    ("id", "A-17"),
    ("id", "1.5"),
    ("id", 1.5),
    ("id", 2.0**60),
    ("id", "99999999999999999999"),
    ("id", True),
    ("money", "1,299.00"),
    ("money", "$5"),
    ("money", float("inf")),
    ("money", "99999999999"),
    ("money", "1e400"),
    ("boolean", "perhaps"),
    ("boolean", 2),
    ("instant", "31/01/2026"),
    ("instant", "2026-02-30"),
    ("instant", "0000-00-00 00:00:00"),
    ("instant", "9999-01-01"),
    ("instant", 1767225600),
    ("text", [1, 2]),
]


@pytest.mark.parametrize(("kind", "given"), UNREADABLE)
def test_unreadable_values_become_null(kind: Kind, given: Any) -> None:
    assert read_column(pl.Series([given]), Column("x", kind)).to_list() == [None]
