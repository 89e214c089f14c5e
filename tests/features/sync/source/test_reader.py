"""Reading a shop in windows of keys, however its keys lie."""

import pytest
from sqlalchemy import Engine, text

import features.sync.source.reader
from features.sync.source.columns import SYNCED_TABLES
from features.sync.source.reader import open_snapshot
from features.sync.source.sql import KeyRange
from shop.mapping.model import load_mapping

USERS = next(table for table in SYNCED_TABLES if table.name == "users")
KEYS = {
    "dense": list(range(1, 60)),
    "sparse": [7**exponent for exponent in range(22)],
    "negative": [-(10**18), -5, 0, 3],
    "one": [5],
    "none": [],
    "a gap between crowds": [*range(1, 20), *range(10**12, 10**12 + 20)],
    "the ends": [-(2**63), 2**63 - 1],
}


def fill(engine: Engine, keys: list[int]) -> None:
    if keys:
        with engine.begin() as connection:
            connection.execute(
                text("INSERT INTO users (user_id, nickname) VALUES (:key, 'n')"), [{"key": key} for key in keys]
            )


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS.keys())
@pytest.mark.parametrize("page_rows", [1, 4, 1000])
def test_windows_cover_a_range_exactly_once(
    empty_shop: Engine, monkeypatch: pytest.MonkeyPatch, keys: list[int], page_rows: int
) -> None:
    monkeypatch.setattr(features.sync.source.reader, "PAGE_ROWS", page_rows)
    fill(empty_shop, keys)

    with open_snapshot(empty_shop, load_mapping()) as snapshot:
        pages = list(snapshot.pages_of_range(USERS, KeyRange()))

    windows = [window for window, _page in pages]
    assert [key for _window, page in pages for key in page.rows["user_id"]] == keys
    assert (windows[0].low, windows[-1].high) == (None, None)
    assert [window.high for window in windows[:-1]] == [window.low for window in windows[1:]]
    assert max(page.rows.height for _window, page in pages) <= 4 * page_rows
    assert len(pages) <= 40 + 4 * len(keys)


def test_a_bounded_range_holds_its_upper_and_not_its_lower_end(empty_shop: Engine) -> None:
    fill(empty_shop, list(range(10)))

    with open_snapshot(empty_shop, load_mapping()) as snapshot:
        ((window, page),) = snapshot.pages_of_range(USERS, KeyRange(2, 5))

    assert window == KeyRange(2, 5)
    assert page.rows["user_id"].to_list() == [3, 4, 5]


def test_rows_are_fetched_by_key_and_missing_ones_left_out(empty_shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features.sync.source.reader, "LIST_KEYS", 3)
    fill(empty_shop, [1, 2, 5, 8])

    with open_snapshot(empty_shop, load_mapping()) as snapshot:
        pages = list(snapshot.pages_of_keys(USERS, [1, 2, 3, 4, 5, 6, 7]))

    assert [key for page in pages for key in page.rows["user_id"]] == [1, 2, 5]
