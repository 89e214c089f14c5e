import os
from pathlib import Path

import pytest

from serving.online.cores import count_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


@pytest.mark.parametrize(
    ("bound", "cores"), [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)]
)
def test_a_container_has_the_cores_that_it_may_use(tmp_path: Path, bound: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(bound + "\n")

    assert count_cores(tmp_path / "cpu.max") == cores


def test_without_a_bound_all_cores_count(tmp_path: Path) -> None:
    assert count_cores(tmp_path / "cpu.max") == 8
