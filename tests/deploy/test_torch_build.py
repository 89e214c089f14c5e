"""Which torch a real pip installs into a real environment, from indexes on loopback for the two of the internet."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from deploy import torch_build
from deploy.interpreter import SetupError
from deploy.torch_build import install_torch, locked_torch, needs_cuda
from tests.deploy.local.package_index import Index, make_wheel, publish, serve

ROOT = Path(__file__).parents[2]
LOCK = "# head\nfilelock==3.1\ntorch==2.13.0\n"
CUDA = ["filelock", 'nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"', 'triton; extra == "more"']
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the ordinary build is for CUDA on Linux alone")


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A throw-away environment with the pip of the lock; the path of its Python."""
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    [packages] = home.glob("lib/python3.*/site-packages")
    pip = distribution("pip")
    for name in ("pip", f"pip-{pip.version}.dist-info"):
        shutil.copytree(Path(str(pip.locate_file(name))), packages / name, ignore=shutil.ignore_patterns("__pycache__"))
    return home / "bin" / "python"


@pytest.fixture
def ordinary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The index that pip is set to: torch for CUDA, its library, and what else torch needs."""
    with serve(tmp_path / "ordinary") as index:
        publish(index.folder, "torch", "2.13.0", CUDA, "import filelock, nvidia_cudnn_cu13")
        publish(index.folder, "nvidia-cudnn-cu13", "9.20.0.48")
        for version in ("3.1", "3.2"):
            publish(index.folder, "filelock", version)
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setattr(torch_build, "has_gpu", lambda: False)
        yield index


@pytest.fixture
def for_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """PyTorch's index of CPU builds."""
    with serve(tmp_path / "cpu") as index:
        publish(index.folder, "torch", "2.13.0+cpu", ["filelock"], "import filelock")
        publish(index.folder, "filelock", "9.9")
        monkeypatch.setattr(torch_build, "CPU_INDEX", index.url)
        yield index


class Machine:
    """An environment to install torch into, and what a person was told."""

    def __init__(self, python: Path, folder: Path):
        self.python = python
        self.told: list[str] = []
        self._lock = folder / "lock.txt"
        self._lock.write_text(LOCK, encoding="utf-8")

    def install(self, place: str = "") -> None:
        def pip(arguments: list[str]) -> None:
            subprocess.run([self.python, "-m", "pip", "install", "--quiet", *arguments], check=True)

        install_torch(str(self.python), place, pip, self.told.append, self._lock)

    def version(self, name: str) -> str:
        code = f"import torch; from importlib.metadata import version; print(version({name!r}))"
        return subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def machine(environment: Path, tmp_path: Path) -> Machine:
    return Machine(environment, tmp_path)


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """An index that takes the connection and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@on_linux
def test_torch_alone_comes_from_the_index_of_cpu_builds(machine: Machine, ordinary: Index, for_cpu: Index) -> None:
    machine.install()

    assert machine.version("torch") == "2.13.0+cpu"
    assert machine.version("filelock") == "3.1"
    assert for_cpu.wheels_taken() == ["torch-2.13.0%2Bcpu-py3-none-any.whl"]
    assert ordinary.wheels_taken() == ["filelock-3.1-py3-none-any.whl"]
    assert machine.told == []


def test_cpu_build_that_pip_is_told_of_is_taken_and_nobody_else_asked(
    machine: Machine, ordinary: Index, for_cpu: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(tmp_path / "wheels", "torch", "2.13.0+cpu", ["filelock"])
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))

    machine.install()

    assert machine.version("torch") == "2.13.0+cpu"
    assert for_cpu.asked == []


@pytest.mark.parametrize("by", ["folder", "index"])
def test_a_named_place_wins(machine: Machine, ordinary: Index, for_cpu: Index, tmp_path: Path, by: str) -> None:
    folder = tmp_path / "내 wheels"
    make_wheel(folder, "torch", "2.13.0+mine", ["filelock"])
    with serve(tmp_path / "mirror") as mirror:
        publish(mirror.folder, "torch", "2.13.0+mine", ["filelock"])

        machine.install(str(folder) if by == "folder" else mirror.url)

    assert machine.version("torch") == "2.13.0+mine"
    assert for_cpu.asked == []


@on_linux
@pytest.mark.parametrize("fault", ["closed", "silent", "without torch"])
def test_ordinary_build_is_taken_with_its_libraries_when_the_index_gives_none(
    machine: Machine, ordinary: Index, silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(torch_build, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(torch_build, "UNPACKED_GB", 0.0)
    monkeypatch.setattr(torch_build, "REST_GB", 0.0)
    with serve(tmp_path / "empty") as empty:
        place = {"closed": closed_port(), "silent": silent, "without torch": empty.url}[fault]
        monkeypatch.setattr(torch_build, "CPU_INDEX", place)

        machine.install()

    assert machine.version("torch") == "2.13.0"
    assert machine.version("nvidia-cudnn-cu13") == "9.20.0.48"
    [line] = machine.told
    assert line.startswith(f"{place} {'has no torch==2.13.0' if fault == 'without torch' else 'did not answer'}")
    assert "2.7 GB to download" in line


@on_linux
@pytest.mark.parametrize("named", [False, True], ids=["PyTorch's own", "named"])
def test_too_large_a_build_is_refused_before_any_is_downloaded(
    machine: Machine, ordinary: Index, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    place = closed_port()
    monkeypatch.setattr(torch_build, "CPU_INDEX", place)
    monkeypatch.setattr(torch_build, "UNPACKED_GB", 1e6)

    with pytest.raises(SetupError, match=r"did not answer; .* 2\.7 GB to download.* TORCH_INDEX_URL") as caught:
        machine.install(place if named else "")

    assert "\n" not in str(caught.value)
    assert ordinary.wheels_taken() == []


@on_linux
def test_machine_with_a_gpu_takes_the_ordinary_build(
    machine: Machine, ordinary: Index, for_cpu: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_build, "has_gpu", lambda: True)

    machine.install()

    assert machine.version("torch") == "2.13.0"
    assert machine.version("nvidia-cudnn-cu13") == "9.20.0.48"
    assert for_cpu.asked == []


def test_torch_that_is_there_stays(machine: Machine, ordinary: Index, for_cpu: Index) -> None:
    machine.install()
    ordinary.asked.clear()
    for_cpu.asked.clear()

    machine.install()

    assert (ordinary.wheels_taken(), for_cpu.wheels_taken()) == ([], [])


def test_place_that_is_neither_index_nor_folder_is_refused(machine: Machine, ordinary: Index) -> None:
    with pytest.raises(SetupError, match="TORCH_INDEX_URL is 'whells'"):
        machine.install("whells")


def test_image_is_built_by_the_same_code(machine: Machine, ordinary: Index, for_cpu: Index, tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for name in ("__init__", "interpreter", "stamp", "torch_build"):
        shutil.copy(ROOT / "deploy" / f"{name}.py", tmp_path / "deploy")
    (tmp_path / "requirements.txt").write_text(LOCK, encoding="utf-8")

    command = [str(machine.python), "-m", "deploy.torch_build", "--place", for_cpu.url]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    assert machine.version("torch") == "2.13.0+cpu"
    assert machine.version("filelock") == "3.1"


def test_only_linux_has_a_build_for_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert not needs_cuda(CUDA)


def test_torch_is_found_in_the_lock() -> None:
    assert locked_torch("# head\ntorch==2.13.0\ntorchmetrics==1.0\n") == "torch==2.13.0"
