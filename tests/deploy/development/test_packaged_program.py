import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.development import seaweedfs
from deploy.development.kubectl import KUBECTL
from deploy.development.packaged_program import NoProgramError, PackagedProgram
from deploy.development.seaweedfs import SEAWEEDFS
from tests.deploy.development.test_kubectl import pack_kubectl

Pack = Callable[[Path, bytes], None]


def pack_weed(installed: Path, program: bytes) -> None:
    """Lay the program where the package has it."""
    (installed / seaweedfs.PROGRAM).parent.mkdir(parents=True)
    (installed / seaweedfs.PROGRAM).write_bytes(program)


each_program = pytest.mark.parametrize(
    ("described", "pack"), [(KUBECTL, pack_kubectl), (SEAWEEDFS, pack_weed)], ids=["kubectl", "SeaweedFS"]
)


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without the programs, of a kind that there are some for."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")


def put_in(folder: Path, described: PackagedProgram, program: bytes | None = None) -> PackagedProgram:
    """Keep it in a folder of the test, and expect these bytes, if any are given."""
    hashes = described.hashes if program is None else {"x86_64": hashlib.sha256(program).hexdigest()}
    return replace(described, place=folder / "cache" / described.command, hashes=hashes)


def install(monkeypatch: pytest.MonkeyPatch, pack: Pack, program: bytes | None) -> None:
    """Let pip bring the package with this program, or fail."""

    def run(command: list[str], **_options: object) -> "subprocess.CompletedProcess[str]":
        if program is None:
            return subprocess.CompletedProcess(command, 1, "", "warning\nERROR: no such package\n")
        pack(Path(command[command.index("--target") + 1]), program)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)


@each_program
def test_what_was_fetched_is_found_the_next_time_and_can_be_run(
    described: PackagedProgram, pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, pack, b"the program")
    program = put_in(tmp_path, described, b"the program")

    fetched = program.fetch()

    assert fetched == program.find()
    assert (fetched.read_bytes(), fetched.stat().st_mode & 0o777) == (b"the program", 0o755)
    assert [path.name for path in fetched.parent.iterdir()] == [fetched.name]


@each_program
def test_another_program_of_the_same_name_is_refused_and_not_kept(
    described: PackagedProgram, pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, pack, b"another")
    program = put_in(tmp_path, described)

    with pytest.raises(NoProgramError, match=rf"has the hash [0-9a-f]{{64}}, {described.hashes['x86_64'][:8]}"):
        program.fetch()

    assert program.find() is None


@each_program
def test_a_package_that_pip_cannot_fetch_is_said_in_pips_last_words(
    described: PackagedProgram, pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, pack, None)

    with pytest.raises(NoProgramError, match="pip says: ERROR: no such package"):
        put_in(tmp_path, described).fetch()


def test_a_machine_that_there_is_none_for_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(NoProgramError, match="None is known for Linux on riscv64"):
        put_in(tmp_path, SEAWEEDFS).fetch()
