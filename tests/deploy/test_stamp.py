from pathlib import Path

import pytest

from deploy.stamp import Stamp


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text("torch==1\n", encoding="utf-8")
    return path


def test_what_was_never_done_is_not_stamped(tmp_path: Path, lock: Path) -> None:
    assert not Stamp(tmp_path / "done", [lock]).is_set()


def test_what_was_done_stays_done_until_the_lock_changes(tmp_path: Path, lock: Path) -> None:
    done = Stamp(tmp_path / "done", [lock])

    done.set()
    was_set = done.is_set()
    lock.write_text("torch==2\n", encoding="utf-8")

    assert was_set
    assert not done.is_set()


def test_what_was_done_in_another_way_is_to_be_done_again(tmp_path: Path, lock: Path) -> None:
    Stamp(tmp_path / "done", [lock], note="USD").set()

    assert not Stamp(tmp_path / "done", [lock], note="KRW").is_set()
