from datetime import timedelta

import polars as pl
import pytest

from features.snapshot import spreading
from features.snapshot.buckets import assign_bucket
from features.snapshot.lines import scan_lines
from features.snapshot.spreading import count_lines, read_lines, split_buckets, spread_lines
from features.snapshot.workspace import Workspace
from features.store import MLStore
from tests.support.tiny_shop import day

AS_OF = day(25)


@pytest.mark.parametrize(
    ("num_lines", "expected"),
    [(0, [[0, 1, 2, 3]]), (100, [[0, 1, 2, 3]]), (101, [[0, 1, 2], [3]]), (300, [[0], [1], [2], [3]])],
    ids=["no lines", "as many as fit", "one more", "many more"],
)
def test_as_many_buckets_go_together_as_fit(
    monkeypatch: pytest.MonkeyPatch, num_lines: int, expected: list[list[int]]
) -> None:
    monkeypatch.setattr(spreading, "LINES_AT_ONCE", 100)

    assert [list(part) for part in split_buckets(4, num_lines)] == expected
    assert len(split_buckets(4, 10**9)) == 4, "never less than one"


def test_lines_are_counted_from_the_log(tiny_store: MLStore) -> None:
    versions = tiny_store.versions()

    assert count_lines(tiny_store, versions) == tiny_store.scan("order_items").collect().height


@pytest.mark.parametrize("at_once", [1, 3, 1000], ids=["an order a range", "a few", "all"])
def test_each_line_lies_in_the_bucket_of_its_user(
    tiny_store: MLStore, store: MLStore, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(spreading, "LINES_AT_ONCE", at_once)
    workspace = Workspace(store, "name")

    paths = spread_lines(tiny_store, AS_OF, tiny_store.versions(), 3, workspace)

    found = [read_lines(workspace, paths, range(bucket, bucket + 1)).collect() for bucket in range(3)]
    for bucket, lines in enumerate(found):
        assert set(lines.select(assign_bucket(pl.col("user_id"), 3)).to_series()) <= {bucket}
    expected = scan_lines(tiny_store, AS_OF, None).collect()
    spread = pl.concat(found).drop("is_guest").select(expected.columns)
    keys = ["order_id", "product_id"]
    assert spread.sort(keys).equals(expected.sort(keys))
    assert (len(paths) > 1) == (at_once < 1000)


def test_before_the_first_order_there_is_an_empty_file(tiny_store: MLStore, store: MLStore) -> None:
    workspace = Workspace(store, "name")

    paths = spread_lines(tiny_store, day(1) - timedelta(days=1), tiny_store.versions(), 2, workspace)

    assert read_lines(workspace, paths, range(2)).collect().is_empty()
