"""Stored lists, as databases give them back."""

import json

import pytest

from api.queries.ranked_list import Entry, parse_entries, parse_list


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["as SQLite stores it", "as MySQL writes it"])
@pytest.mark.parametrize("length", [0, 1, 5, 40, 100])
def test_a_list_comes_out_as_it_was_stored(length: int, separators: tuple[str, str]) -> None:
    entries = [[1000 + place, place % 16 + 1, 0.97**place, "bought_together"] for place in range(length)]
    text = json.dumps(entries, separators=separators)

    assert parse_list(text) == entries
    assert parse_entries(text) == [Entry(*entry) for entry in entries]
