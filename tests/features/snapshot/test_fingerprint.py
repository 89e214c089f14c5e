import polars as pl

from features.snapshot.fingerprint import RowsHash, hash_rows, hash_tables

ROWS = pl.DataFrame({"user_id": [1, 2, 3], "number": [0.5, None, 0.25]})


def test_hashes_of_parts_add_up_in_any_order() -> None:
    parts = [hash_rows(ROWS[1:]), hash_rows(ROWS[:1]), hash_rows(ROWS[:0])]

    assert sum(parts, RowsHash()) == hash_rows(ROWS)
    assert hash_rows(ROWS.reverse().select("number", "user_id")) == hash_rows(ROWS)


def test_a_changed_row_changes_the_hash_and_so_does_one_that_is_there_twice() -> None:
    changed = ROWS.with_columns(number=pl.col("number").fill_null(0.0))
    swapped = ROWS.with_columns(number=pl.Series([0.25, None, 0.5]))
    twice = pl.concat([ROWS, ROWS[:1], ROWS[:1]])

    hashes = {hash_rows(frame) for frame in (ROWS, changed, swapped, twice)}
    assert len({(each.first, each.second) for each in hashes}) == 4


def test_a_snapshot_is_named_by_definitions_and_rows() -> None:
    tables = {"users": hash_rows(ROWS)}

    names = {hash_tables("a", tables), hash_tables("b", tables), hash_tables("a", {"history": hash_rows(ROWS)})}
    assert len(names) == 3
    assert hash_tables("a", tables) == hash_tables("a", {"users": hash_rows(ROWS.reverse())})
