from pathlib import Path

import polars as pl
import pytest

from deploy.backups import store as copying
from deploy.backups.folder import copy_file
from deploy.backups.store import copy_store
from deploy.interpreter import SetupError
from features.store import MLStore

ROWS = 60


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A store with one table."""
    folder = tmp_path / "store"
    pl.DataFrame({"order_id": range(ROWS)}).write_delta(str(folder / "orders"))
    return folder


def count(folder: Path) -> int:
    return int(MLStore(str(folder)).scan("orders").select(pl.len()).collect().item())


def lose(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Path]:
    """Let files of rows vanish, as a clean-up of the store may delete one between its log and itself."""
    lost: list[Path] = []

    def vanish(source: Path, target: Path) -> None:
        if source.suffix == ".parquet" and len(lost) < times:
            lost.append(source)
            return
        copy_file(source, target)

    monkeypatch.setattr(copying, "copy_file", vanish)
    return lost


def test_a_table_whose_files_vanish_meanwhile_is_copied_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = lose(monkeypatch, times=1)

    copy_store(MLStore(str(source)), source, tmp_path / "copy")

    assert lost
    assert count(tmp_path / "copy") == ROWS


def test_a_table_whose_files_vanish_each_time_is_named(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(monkeypatch, times=100)

    with pytest.raises(SetupError, match="Files of the table orders vanished 3 times"):
        copy_store(MLStore(str(source)), source, tmp_path / "copy")
