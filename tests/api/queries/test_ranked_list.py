"""Stored lists, as databases give them back."""

import json
from typing import Any

import pytest

from api.queries.ranked_list import Entry, keep_usable, parse_entries, parse_list
from api.web.metrics import UNUSABLE


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["as SQLite stores it", "as MySQL writes it"])
@pytest.mark.parametrize("length", [0, 1, 5, 40, 100])
def test_a_list_comes_out_as_it_was_stored(length: int, separators: tuple[str, str]) -> None:
    entries: list[list[Any]] = [
        [1000 + place, place % 16 + 1, 0.97**place, "bought_together"] for place in range(length)
    ]
    text = json.dumps(entries, separators=separators)

    assert parse_list(text) == entries
    assert parse_entries(text) == [Entry(*entry) for entry in entries]


@pytest.mark.parametrize(
    "bad",
    [
        "NaN",
        "null",
        "{}",
        "[2, 1, 0.5]",
        "[2, 1, 0.5, 7]",
        '[2, 1, NaN, "a"]',
        '[2, 1, null, "a"]',
        '[2, 1, 1e999, "a"]',
        f'[{2**70}, 1, 0.5, "a"]',
        f'[{2**63}, 1, 0.5, "a"]',
        '[-2, 1, 0.5, "a"]',
        '[true, 1, 0.5, "a"]',
        '["2", 1, 0.5, "a"]',
        '[2.0, 1, 0.5, "a"]',
        '[2, 1, 0.5, ""]',
        '[2, 1, 0.5, "café"]',
        r'[2, 1, 0.5, "a\r\nset-cookie: b"]',
        r'[2, 1, 0.5, "\u0000"]',
        r'[2, 1, 0.5, "\ud800"]',
        f'[2, 1, 0.5, "{"a" * 200}"]',
    ],
)
def test_a_bad_entry_costs_itself_and_is_counted(bad: str) -> None:
    text = f'[[7, 1, 0.5, "popular"], {bad}, [8, 1, 0, "popular"]]'
    before = UNUSABLE.labels("list entry")._value.get()

    assert [entry[0] for entry in keep_usable(parse_list(text))] == [7, 8]
    assert [entry.product_id for entry in parse_entries(text)] == [7, 8]
    assert UNUSABLE.labels("list entry")._value.get() == before + 2


@pytest.mark.parametrize("text", ["null", "{}", "7", "[", "", "[" * 100_000])
def test_what_is_no_list_is_empty(text: str) -> None:
    assert parse_list(text) == parse_entries(text) == []
