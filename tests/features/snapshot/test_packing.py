"""Keys packed into one whole number: it sorts and tells apart as they do, however large they are."""

import polars as pl
import pytest

from features.snapshot.packing import pack

HUGE = 2**62


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param({"a": [3, -1, 3, -1, 0], "b": [5, 9, -5, 9, 5]}, id="small"),
        pytest.param({"a": [HUGE, -HUGE, HUGE, -HUGE, 0], "b": [5, 9, -5, 9, 5]}, id="wider than a number together"),
        pytest.param({"a": [HUGE, HUGE + 2, HUGE, HUGE, HUGE + 2], "b": [5, 9, -5, 5, 5]}, id="far from zero"),
    ],
)
def test_packed_keys_sort_and_tell_apart_as_the_keys_do(rows: dict[str, list[int]]) -> None:
    frame = pl.DataFrame(rows)

    packed = frame.with_columns(packed=pack(frame, ["a", "b"]))

    assert packed.sort("packed").select("a", "b").equals(frame.sort("a", "b"))
    assert packed["packed"].n_unique() == frame.n_unique()


def test_one_key_stays_as_it_is() -> None:
    frame = pl.DataFrame({"a": [3, -1, HUGE]})

    assert frame.select(pack(frame, ["a"]))["a"].to_list() == [3, -1, HUGE]


def test_nothing_packs_to_nothing() -> None:
    empty = pl.DataFrame(schema={"a": pl.Int64, "b": pl.Int64})

    assert empty.select(pack(empty, ["a", "b"])).is_empty()
