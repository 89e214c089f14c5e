"""Statistics of shelves as a batch keeps them: read back, or none where they are missing or broken."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from api.queries.shelf_statistics import NO_STATISTICS, Engagement, parse_shelf_statistics

UNTIL = "2026-11-29T03:00:00+00:00"


def test_what_was_kept_is_read_back() -> None:
    rows = [["active", "popular", 90, 9, 1], ["active", "just_in", 50, 2, 0], ["guest", "popular", 8, 1, 0]]

    statistics = parse_shelf_statistics(orjson.dumps({"until": UNTIL, "engagement": rows}))

    assert statistics.of_kind == {
        "active": {"popular": Engagement(90, 9, 1), "just_in": Engagement(50, 2, 0)},
        "guest": {"popular": Engagement(8, 1, 0)},
    }
    assert (statistics.until, statistics.num_clicks) == (datetime(2026, 11, 29, 3, tzinfo=UTC), 12)


@pytest.mark.parametrize(
    "kept",
    [
        {},
        [],
        7,
        {"until": UNTIL, "engagement": 7},
        {"until": UNTIL, "engagement": [["active"]]},
        {"until": UNTIL, "engagement": [["active", "popular", 9, "9", 1]]},
        {"until": UNTIL, "engagement": [["active", "popular", 9, 10, 1]]},
        {"until": UNTIL, "engagement": [["active", "popular", 9, -1, 1]]},
        {"until": UNTIL, "engagement": [["active", "popular", 9, 1, 1, 1]]},
        {"until": "2026-11-29T03:00:00", "engagement": []},
        {"until": "once", "engagement": []},
    ],
    ids=str,
)
def test_what_is_broken_is_none(kept: Any) -> None:
    assert parse_shelf_statistics(orjson.dumps(kept)) is NO_STATISTICS


@pytest.mark.parametrize("text", [None, "null"])
def test_earlier_batches_have_none(text: str | None) -> None:
    assert parse_shelf_statistics(text) is NO_STATISTICS


def test_text_that_is_no_json_is_none() -> None:
    assert parse_shelf_statistics("{") is NO_STATISTICS
