"""The lock of a logical run, held by a real process that is killed."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.registry.resume import KeptTraining, TrainingUnderWayError

ROOT = Path(__file__).parents[3]
FIRST_ATTEMPT = """
import sys, time
from pathlib import Path
from training.registry.resume import KeptTraining
with KeptTraining(Path(sys.argv[1])).lock():
    print("locked", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def first_attempt(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", FIRST_ATTEMPT, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def test_a_second_attempt_beside_the_first_is_refused_and_names_it(
    tmp_path: Path, first_attempt: subprocess.Popen[bytes]
) -> None:
    with (
        pytest.raises(TrainingUnderWayError, match=rf"the process {first_attempt.pid} trains the same run"),
        KeptTraining(tmp_path / "run").lock(patience_seconds=0.5),
    ):
        pass


def test_a_killed_attempt_holds_nothing(tmp_path: Path, first_attempt: subprocess.Popen[bytes]) -> None:
    first_attempt.kill()
    started = time.monotonic()

    with KeptTraining(tmp_path / "run").lock():
        assert time.monotonic() - started < 5


def test_another_run_is_not_held_up(tmp_path: Path, first_attempt: subprocess.Popen[bytes]) -> None:
    with KeptTraining(tmp_path / "another run").lock(patience_seconds=0):
        pass


def test_a_scratch_folder_is_empty_and_gone_afterwards(tmp_path: Path) -> None:
    kept = KeptTraining(tmp_path / "run")
    with kept.lock(), kept.scratch() as scratch:
        (scratch / "file").touch()
        assert list(tmp_path.glob("*.scratch")) == [scratch]

    assert not list(tmp_path.iterdir())


def test_a_killed_trainings_scratch_folder_goes_with_the_next_training_and_a_running_ones_stays(
    tmp_path: Path, first_attempt: subprocess.Popen[bytes]
) -> None:
    running, killed = tmp_path / "run.scratch", tmp_path / "killed.scratch"
    for folder in (running, killed):
        folder.mkdir()
        (folder / "file").touch()

    with KeptTraining(tmp_path / "another").lock(), KeptTraining(tmp_path / "another").scratch():
        assert (running / "file").exists()
        assert not killed.exists()
