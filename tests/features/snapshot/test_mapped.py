"""Snapshots as mapped files: the same numbers, written once, and written again whatever happened to them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.rebuild import build_snapshot
from features.snapshot import mapped
from features.snapshot.arrays import SnapshotArrays
from features.snapshot.mapped import MappedSnapshot, MappedSnapshots
from features.snapshot.rows import TOTALS
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.store_failures import StoreError
from tests.features.purchase_rows import AS_OF, make_purchases

NUM_BUCKETS = 3
NEVER_KNOWN = 10**9


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a snapshot: some users bought, one did not, and two do not want something listed."""
    folder = tmp_path_factory.mktemp("written")
    rows = [(user, user % 5 + shift, float(user + 3 * shift)) for user in range(1, 21) for shift in (0, 1, 5)]
    built = build_snapshot(make_purchases(rows, users=[50], products=[30]), NUM_BUCKETS)
    unwanted = built.users.filter(pl.col("user_id").is_in([4, 5])).select("bucket", "user_id").sort("user_id")
    unwanted = unwanted.with_columns(
        product_id=pl.Series([2, None], dtype=pl.Int64), type_code=pl.Series([None, 0], dtype=pl.Int64)
    )
    replace(built, exclusions=unwanted).write(MLStore(str(folder)))
    return folder


@pytest.fixture
def store(written: Path, tmp_path: Path) -> MLStore:
    """A copy, to be changed."""
    shutil.copytree(written, tmp_path / "store")
    return MLStore(str(tmp_path / "store"))


@pytest.fixture
def snapshot(store: MLStore) -> Snapshot:
    return Snapshot.open(store)


@pytest.fixture
def snapshots(store: MLStore, snapshot: Snapshot, tmp_path: Path) -> MappedSnapshots:
    return MappedSnapshots(store, tmp_path / "mapped")


def assert_same(arrays: SnapshotArrays, other: SnapshotArrays) -> None:
    """Compare what is known of each user, and of products."""
    assert sorted(arrays.user_ids) == sorted(other.user_ids)
    ours, theirs = (each.find_users(arrays.user_ids) for each in (arrays, other))
    for name in ("users", "user_categories"):
        np.testing.assert_array_equal(getattr(arrays, name)[ours], getattr(other, name)[theirs])
    for row, same in zip(ours, theirs, strict=True):
        cells, same_cells = (
            slice(*each.history_offsets[place : place + 2]) for each, place in ((arrays, row), (other, same))
        )
        for name in ("history", "history_products", "history_decayed"):
            np.testing.assert_array_equal(getattr(arrays, name)[cells], getattr(other, name)[same_cells])
        assert (arrays.totals is None) == (other.totals is None)
        if arrays.totals and other.totals:
            np.testing.assert_array_equal(arrays.totals.gross[cells], other.totals.gross[same_cells])
            assert arrays.totals.priced_lines[row] == other.totals.priced_lines[same]
    for name in ("product_ids", "products", "category_ids", "popularity", "is_sellable", "audiences"):
        np.testing.assert_array_equal(getattr(arrays, name), getattr(other, name))
    for name in ("neighbours", "complements"):
        np.testing.assert_array_equal(getattr(arrays, name).toarray(), getattr(other, name).toarray())
    excluded = [
        set(zip(*map(np.ndarray.tolist, each.find_excluded(rows)), strict=True))
        for each, rows in ((arrays, ours), (other, theirs))
    ]
    assert excluded[0] == excluded[1]


def note_inodes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


def test_mapped_arrays_are_those_of_the_snapshot(snapshots: MappedSnapshots, snapshot: Snapshot) -> None:
    found = snapshots.open(AS_OF)

    assert (found.as_of, found.snapshot_id, found.feature_hash) == (
        snapshot.as_of,
        snapshot.snapshot_id,
        snapshot.feature_hash,
    )
    assert_same(found.arrays, snapshot.arrays)
    assert found.arrays.find_users(np.array([50, NEVER_KNOWN, 0]))[1:].tolist() == [-1, -1]
    owners, _ = found.arrays.find_excluded(found.arrays.find_users(np.array([4, 5, 6])))
    assert 2 not in owners
    assert isinstance(found.arrays.users.base, np.memmap)
    assert not found.arrays.users.flags.writeable


def test_a_bucket_without_users_and_a_snapshot_from_before_totals_are_mapped(
    store: MLStore, snapshot: Snapshot, snapshots: MappedSnapshots
) -> None:
    earlier = {
        table: getattr(snapshot, table).drop(TOTALS[table]) if table in TOTALS else getattr(snapshot, table)
        for table in ("users", "categories", "history")
    }
    one_bucket = [frame.filter(pl.col("bucket") == 1) for frame in (snapshot.user_categories, snapshot.exclusions)]
    small = replace(
        snapshot,
        as_of=AS_OF + timedelta(days=1),
        **earlier | {name: earlier[name].filter(pl.col("bucket") == 1) for name in ("users", "history")},
        user_categories=one_bucket[0],
        exclusions=one_bucket[1],
    )
    small.write(store)

    found = snapshots.open(small.as_of).arrays

    assert found.totals is None
    assert len(found.bucket_offsets) == NUM_BUCKETS + 1
    assert_same(found, Snapshot.open(store, small.as_of).arrays)


def test_files_are_written_once_and_those_of_other_snapshots_go(
    snapshots: MappedSnapshots, snapshot: Snapshot, store: MLStore
) -> None:
    first = snapshots.open()
    inodes = note_inodes(first.folder)

    again = MappedSnapshots(store, first.folder.parent).open()

    assert (first.was_there, again.was_there) == (False, True)
    assert note_inodes(again.folder) == inodes
    replace(snapshot, as_of=AS_OF + timedelta(days=1)).write(store)
    newer = snapshots.open()
    assert [path.name for path in newer.folder.parent.iterdir() if path.is_dir()] == [newer.folder.name]
    assert_same(first.arrays, newer.arrays)  # who maps deleted files keeps them


def cut_short(folder: Path) -> None:
    os.truncate(folder / "history", (folder / "history").stat().st_size - 4)


def write_another_layout(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"layout": manifest["layout"] + 1}))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a file is short": cut_short,
    "a file is missing": lambda folder: (folder / "users").unlink(),
    "the manifest is missing": lambda folder: (folder / "manifest.json").unlink(),
    "the manifest is cut off": lambda folder: os.truncate(folder / "manifest.json", 40),
    "another layout": write_another_layout,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_missing_or_short_is_written_again(
    snapshots: MappedSnapshots, snapshot: Snapshot, damage: Callable[[Path], object]
) -> None:
    damage(snapshots.open().folder)

    found = snapshots.open()

    assert not found.was_there
    assert_same(found.arrays, snapshot.arrays)


def test_a_damaged_file_is_found_by_its_sum_and_written_again(snapshots: MappedSnapshots, snapshot: Snapshot) -> None:
    snapshots.open()
    found = snapshots.open()
    assert snapshots.discard_damaged(found) is None
    with (found.folder / "history").open("r+b") as file:
        file.write(b"\x7f\x7f\x7f")

    damage = snapshots.discard_damaged(found)

    assert damage is not None
    assert "history is damaged" in damage
    again = snapshots.open()
    assert not again.was_there
    assert_same(again.arrays, snapshot.arrays)
    assert snapshots.discard_damaged(found) is None  # it was written again, by this worker or another


OPEN_AND_DIE = """
import os, sys
from pathlib import Path
from features.snapshot import array_files
from features.snapshot.mapped import MappedSnapshots
from features.store import MLStore
array_files._Folder.finish = lambda *_: os._exit(9)
MappedSnapshots(MLStore(sys.argv[1]), Path(sys.argv[2])).open()
"""


def test_who_is_cut_off_while_writing_leaves_nothing_behind(
    snapshots: MappedSnapshots, snapshot: Snapshot, store: MLStore, tmp_path: Path
) -> None:
    folder = tmp_path / "mapped"
    killed = subprocess.run([sys.executable, "-c", OPEN_AND_DIE, store.uri, folder], timeout=120)
    assert killed.returncode == 9
    assert [path.name.startswith(".part-") for path in folder.iterdir() if path.is_dir()] == [True]

    found = snapshots.open()

    assert [path for path in folder.iterdir() if path.is_dir()] == [found.folder]
    assert_same(found.arrays, snapshot.arrays)


def test_two_workers_at_once_write_once(snapshot: Snapshot, store: MLStore, tmp_path: Path) -> None:
    workers = [MappedSnapshots(store, tmp_path / "mapped") for _ in range(3)]

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda worker: worker.open(), workers))

    assert sorted(each.was_there for each in found) == [False, True, True]


def test_a_full_disk_is_one_line_and_what_is_mapped_stays(
    snapshots: MappedSnapshots, snapshot: Snapshot, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshots.open()
    replace(snapshot, as_of=AS_OF + timedelta(days=1)).write(store)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2**40, 2**40 - 5, 5 * 2**20))

    with pytest.raises(StoreError, match=r"cannot be mapped in .*: 5 MB are free, about 64 MB more are needed") as told:
        snapshots.open()

    assert "\n" not in str(told.value)
    assert [path for path in before.folder.parent.iterdir() if path.is_dir()] == [before.folder]
    assert_same(before.arrays, snapshot.arrays)


def test_a_snapshot_that_is_rebuilt_while_it_is_read_is_not_mapped(
    snapshots: MappedSnapshots, snapshot: Snapshot, store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Snapshot.open

    def open_and_rebuild(store: MLStore, *arguments: object, **named: object) -> Snapshot:
        found = opened(store, *arguments, **named)  # type: ignore[arg-type]
        replace(snapshot, history=snapshot.history.with_columns(gross=pl.lit(2.0, pl.Float32))).write(store)
        return found

    monkeypatch.setattr(Snapshot, "open", open_and_rebuild)

    with pytest.raises(StoreError, match="was rebuilt while it was read"):
        snapshots.open()


def test_the_files_need_not_be_read_to_be_mapped(snapshots: MappedSnapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots.open()
    monkeypatch.setattr(mapped, "require_whole", lambda *_: pytest.fail("the sums are read behind what serves"))

    found: MappedSnapshot = snapshots.open()

    assert found.was_there
