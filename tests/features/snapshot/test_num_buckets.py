"""Chosen by size or by NUM_BUCKETS before the first snapshot; the store's own from then on."""

import logging
import shutil
from pathlib import Path

import pytest

from features.rebuild import rebuild
from features.snapshot import buckets
from features.snapshot.num_buckets import settle_num_buckets, wish_num_buckets
from features.store import MLStore
from features.store_failures import StoreError
from tests.support.tiny_shop import day


@pytest.fixture
def store(tiny_store: MLStore, tmp_path: Path) -> MLStore:
    """The tiny shop's store, of which tables may be written."""
    shutil.copytree(tiny_store.uri, tmp_path / "store")
    return MLStore(str(tmp_path / "store"))


def test_a_shop_without_rows_has_no_size(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"has no table 'order_items'.*features\.sync"):
        settle_num_buckets(MLStore(str(tmp_path / "store")), None)


def test_the_first_snapshot_has_as_many_as_wished_or_as_its_lines_want(
    store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (settle_num_buckets(store, None), settle_num_buckets(store, 3)) == (4, 3)
    monkeypatch.setattr(buckets, "LINES_A_BUCKET", 1)  # the shop has nine lines
    assert wish_num_buckets(store, None) == 16


@pytest.mark.parametrize(
    ("wished", "said"),
    [
        (2, ""),
        (5, "the store has 2 user buckets, and NUM_BUCKETS says 5: `python -m features.rebucket --buckets 5` changes"),
        (1, "the store has 2 user buckets, and NUM_BUCKETS says 1: `python -m features.rebucket --buckets 1` changes"),
        (None, "the store has 2 user buckets, and its size wants 4: `python -m features.rebucket --buckets 4` changes"),
    ],
)
def test_a_store_keeps_its_buckets_and_says_that_others_are_wished(
    store: MLStore, caplog: pytest.LogCaptureFixture, wished: int | None, said: str
) -> None:
    rebuild(store, day(21, hour=0), num_buckets=2)

    with caplog.at_level(logging.WARNING, "features.snapshot.num_buckets"):
        assert settle_num_buckets(store, wished) == 2

    assert [message[: len(said)] for message in caplog.messages] == ([said] if said else [])


def test_a_store_with_more_than_its_size_wants_says_nothing(store: MLStore, caplog: pytest.LogCaptureFixture) -> None:
    rebuild(store, day(21, hour=0), num_buckets=8)

    assert settle_num_buckets(store, None) == 8

    assert caplog.messages == []
