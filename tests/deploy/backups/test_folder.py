import json
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.backups.folder import (
    MANIFEST,
    Manifest,
    begin,
    copy_database,
    copy_tree,
    describe_files,
    finish,
    put_back,
    read_manifest,
)
from deploy.interpreter import SetupError


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Manifest, Path]:
    """A backup of two parts."""
    to = tmp_path / "saved"
    unfinished = begin(to)
    for path, text in {"store/orders/1.parquet": "rows", "store/_log": "commit", "mlflow/login.db": "users"}.items():
        (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
        (unfinished / path).write_text(text)
    return finish(to, datetime(2026, 11, 29, tzinfo=UTC), "0.1.0", {"shop": "0007"}), to


def test_a_manifest_is_read_as_it_was_written(saved: tuple[Manifest, Path]) -> None:
    manifest, folder = saved

    assert read_manifest(folder) == manifest
    assert manifest.files.keys() == {"store/orders/1.parquet", "store/_log", "mlflow/login.db"}
    assert (folder / MANIFEST).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"taken_at": "yesterday"}'])
def test_a_manifest_that_cannot_be_read_is_named(saved: tuple[Manifest, Path], text: str) -> None:
    _, folder = saved
    (folder / MANIFEST).write_text(text)

    with pytest.raises(SetupError, match=r"backup\.json cannot be read"):
        read_manifest(folder)


def test_a_manifest_with_a_file_of_no_size_is_refused(saved: tuple[Manifest, Path]) -> None:
    _, folder = saved
    written = json.loads((folder / MANIFEST).read_text())
    del written["files"]["store/_log"]["size"]
    (folder / MANIFEST).write_text(json.dumps(written))

    with pytest.raises(SetupError, match="cannot be read: 'size'"):
        read_manifest(folder)


def test_a_part_is_put_back_alone_and_whole(saved: tuple[Manifest, Path], tmp_path: Path) -> None:
    manifest, folder = saved
    (tmp_path / "volume").mkdir()

    assert put_back(manifest, folder, "store", tmp_path / "volume") == 2

    assert describe_files(tmp_path / "volume") == describe_files(folder / "store")


def test_a_volume_that_holds_something_is_left_alone(saved: tuple[Manifest, Path], tmp_path: Path) -> None:
    manifest, folder = saved
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "rows").write_text("ours")

    with pytest.raises(SetupError, match="holds something already"):
        put_back(manifest, folder, "store", tmp_path / "volume")

    assert [path.name for path in (tmp_path / "volume").iterdir()] == ["rows"]


def test_a_file_that_was_changed_is_not_put_back(saved: tuple[Manifest, Path], tmp_path: Path) -> None:
    manifest, folder = saved
    (folder / "store/_log").write_text("Commit")
    (tmp_path / "volume").mkdir()

    with pytest.raises(SetupError, match=r"store/_log is not what was backed up"):
        put_back(manifest, folder, "store", tmp_path / "volume")


def test_a_tree_is_copied_with_its_databases_as_they_stand(tmp_path: Path) -> None:
    """What a writer has committed lies beside the database, in a file that is of no use without it."""
    source = tmp_path / "volume"
    (source / "1").mkdir(parents=True)
    (source / "1" / "model.onnx").write_bytes(b"weights")
    with closing(sqlite3.connect(source / "login.db")) as users:
        users.execute("PRAGMA journal_mode = WAL")
        users.execute("CREATE TABLE users (name TEXT)")
        users.execute("INSERT INTO users VALUES ('admin')")
        users.commit()
        assert (source / "login.db-wal").stat().st_size

        copy_tree(source, tmp_path / "copy")

    assert describe_files(tmp_path / "copy").keys() == {"1/model.onnx", "login.db"}
    with closing(sqlite3.connect(tmp_path / "copy" / "login.db")) as copy:
        assert copy.execute("SELECT name FROM users").fetchall() == [("admin",)]


def test_a_copied_database_is_of_one_moment_while_another_writes(tmp_path: Path) -> None:
    """Both sides of a transfer are written in one transaction: a copy that tore it would not add up."""
    source, stop = tmp_path / "bank.db", threading.Event()
    with closing(sqlite3.connect(source)) as bank:
        bank.execute("PRAGMA journal_mode = WAL")
        bank.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER, filler TEXT)")
        bank.executemany("INSERT INTO accounts VALUES (?, 100, ?)", [(number, "x" * 500) for number in range(2000)])
        bank.commit()

    def transfer() -> None:
        with closing(sqlite3.connect(source, timeout=30)) as bank:
            while not stop.is_set():
                bank.execute("UPDATE accounts SET amount = amount - 1 WHERE id < 1000")
                bank.execute("UPDATE accounts SET amount = amount + 1 WHERE id >= 1000")
                bank.commit()

    writer = threading.Thread(target=transfer)
    writer.start()
    try:
        for number in range(5):
            copy_database(source, tmp_path / f"copy{number}.db")
    finally:
        stop.set()
        writer.join()

    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"copy{number}.db")) as copy:
            assert copy.execute("SELECT sum(amount), count(*) FROM accounts").fetchone() == (200_000, 2000)
            assert copy.execute("PRAGMA quick_check").fetchone() == ("ok",)
