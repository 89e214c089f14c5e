from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.snapshot.workspace import FOLDER, Workspace, delete_abandoned, name_workspace
from features.store import MLStore
from features.store_files import StoreFiles

AS_OF = datetime(2026, 2, 1, tzinfo=UTC)
MADE_FROM = {"versions": {"users": 3}, "buckets": 4}


def list_files(store: MLStore) -> list[str]:
    return sorted(path.name for path in Path(store.uri, FOLDER).glob("*"))


def test_workers_meet_under_one_name_as_long_as_they_are_given_the_same() -> None:
    name = name_workspace(AS_OF, MADE_FROM)

    assert name == name_workspace(AS_OF, dict(reversed(MADE_FROM.items())))
    assert name != name_workspace(AS_OF + timedelta(microseconds=1), MADE_FROM)
    assert name != name_workspace(AS_OF, MADE_FROM | {"buckets": 5})


def test_whoever_is_killed_while_deleting_leaves_what_is_found_again(
    store: MLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(store.uri).mkdir()
    workspace = Workspace(store, "a")
    workspace.begin()
    workspace.write_frame("lines", pl.DataFrame({"number": [1]}))
    workspace.write_note("plan", {})
    delete = StoreFiles.delete
    deleted: list[str] = []

    def delete_two(files: StoreFiles, path: str) -> None:
        if len(deleted) == 2:
            raise KeyboardInterrupt
        deleted.append(path)
        delete(files, path)

    with monkeypatch.context() as patch:
        patch.setattr(StoreFiles, "delete", delete_two)
        with pytest.raises(KeyboardInterrupt):
            workspace.delete()

    assert [path.rpartition(".")[2] for path in deleted] == ["json", "parquet"]
    assert delete_abandoned(store, datetime.now(UTC)) == ["a"]
    assert list_files(store) == []


def test_a_note_is_what_was_written_last(store: MLStore) -> None:
    workspace = Workspace(store, "a")
    workspace.write_frame("lines", pl.DataFrame({"number": [1]}))

    assert workspace.read_note("plan") is None
    workspace.write_note("plan", {"number": 1})
    workspace.write_note("plan", {"number": 2})

    note = Workspace(store, "a").read_note("plan")
    assert note is not None
    assert note["number"] == 2


def test_rows_of_two_workers_lie_in_files_of_their_own(store: MLStore) -> None:
    paths = [Workspace(store, "a").write_frame("lines", pl.DataFrame({"number": [number]})) for number in (1, 2)]

    assert sorted(Workspace(store, "a").scan_frames(paths).collect()["number"]) == [1, 2]


def test_what_is_finished_or_abandoned_is_deleted_and_what_is_under_way_stays(store: MLStore) -> None:
    Path(store.uri).mkdir()
    Workspace(store, "a").begin()
    Workspace(store, "a").write_frame("lines", pl.DataFrame({"number": [1]}))
    between = datetime.now(UTC)
    Workspace(store, "b").begin()
    Workspace(store, "b").write_note("bucket-0", {})
    Workspace(store, "b").write_frame("lines", pl.DataFrame({"number": [1]}))

    assert delete_abandoned(store, between - timedelta(days=1)) == []
    assert delete_abandoned(store, between) == ["a"]
    assert {name[:2] for name in list_files(store)} == {"b-"}
    Workspace(store, "b").delete()
    assert list_files(store) == []
