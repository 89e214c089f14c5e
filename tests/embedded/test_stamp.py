from pathlib import Path

import pytest

from embedded import stamp
from embedded.stamp import Stamp


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("torch==1\n", encoding="utf-8")
    monkeypatch.setattr(stamp, "LOCK", path)
    return path


def test_what_was_never_done_is_not_stamped(tmp_path: Path, lock: Path) -> None:
    assert not Stamp(tmp_path / "done").is_set()


def test_what_was_done_stays_done_until_the_lock_changes(tmp_path: Path, lock: Path) -> None:
    done = Stamp(tmp_path / "done")

    done.set()
    was_set = done.is_set()
    lock.write_text("torch==2\n", encoding="utf-8")

    assert was_set
    assert not done.is_set()
