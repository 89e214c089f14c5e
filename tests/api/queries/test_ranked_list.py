"""Stored lists, taken apart piece by piece."""

import json

import pytest

from api.queries.ranked_list import BEGINNING, StoredList, parse_entries


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["as SQLite stores it", "as MySQL writes it"])
@pytest.mark.parametrize("length", [0, 1, 5, 40, 100])
def test_a_list_comes_out_as_it_was_stored(length: int, separators: tuple[str, str]):
    entries = [[1000 + place, place % 16 + 1, 0.97**place, "bought_together"] for place in range(length)]
    stored = StoredList(json.dumps(entries, separators=separators))

    assert list(stored) == entries
    assert list(stored) == entries  # a second look sees the same
    assert [tuple(entry) for entry in stored] == parse_entries(json.dumps(entries))


def test_what_is_not_looked_at_is_not_taken_apart():
    whole = json.dumps([[place, 1, 0.5, "popular"] for place in range(100)])
    damaged = whole[: BEGINNING + 200] + "not a list"

    entries = iter(StoredList(damaged))

    assert [next(entries)[0] for _ in range(20)] == list(range(20))
    with pytest.raises(json.JSONDecodeError):
        list(entries)
